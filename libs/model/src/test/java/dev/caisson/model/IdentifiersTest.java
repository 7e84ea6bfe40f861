package dev.caisson.model;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdentifiersTest {
  private static final String LONGEST = "a".repeat(64);

  @ParameterizedTest
  @ValueSource(strings = {"a", "_", "0", "web-1", "a.b+c_d", "A..", "init"})
  void acceptsTheAlphabet(String id) {
    assertThat(Identifiers.problem("id", id)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "-rf", "+a", "a/b", "a b", "a\0", "a\n", "ä", "a:b", "*"})
  void rejectsWhatCouldBeAPathOrAnOption(String id) {
    assertThat(Identifiers.problem("id", id).orElseThrow())
        .startsWith("id must be 1 to 64 of [A-Za-z0-9_.+-]");
  }

  @Test
  void acceptsSixtyFourCharactersAndRejectsOneMore() {
    assertThat(Identifiers.problem("id", LONGEST)).isEmpty();
    assertThat(Identifiers.problem("id", LONGEST + "a")).isPresent();
  }

  @Test
  void namesTheFieldAndTheValue() {
    assertThat(Identifiers.problem("tenant id", "a/b"))
        .contains(
            "tenant id must be 1 to 64 of [A-Za-z0-9_.+-], first a letter, digit or _: \"a/b\"");
  }

  @Property
  void saysWhatIsWrongInOneShortPrintableLine(@ForAll @StringLength(max = 500) String value) {
    Identifiers.problem("id", value)
        .ifPresent(problem -> assertThat(problem).matches("[ -~]{1,200}"));
  }

  @Property
  void whatIsValidHasNoSeparatorAndIsNoDirectory(@ForAll @StringLength(max = 80) String value) {
    if (Identifiers.problem("id", value).isEmpty()) {
      assertThat(value).doesNotContain("/", "\0", ":", "\n").isNotIn(".", "..", "");
    }
  }
}
