package dev.caisson.executor.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScopeNameTest {
  private static final String UID = "01234567-0123-7123-8123-0123456789ab";

  @ParameterizedTest
  @CsvSource({
    "system.slice:docker:7f3a, /system.slice/docker-7f3a.scope",
    "a-b.slice:cri:x, /a.slice/a-b.slice/cri-x.scope",
    "a-b-c.slice:cri:x, /a.slice/a-b.slice/a-b-c.slice/cri-x.scope",
    "-.slice:cri:x, /cri-x.scope",
    ":cri:x, /system.slice/cri-x.scope",
    "machine.slice::x, /machine.slice/-x.scope",
    "machine.slice:p:a\\x2db, /machine.slice/p-a\\x2db.scope"
  })
  void saysWhereAScopeIs(String text, String path) {
    ScopeName name = ScopeName.parse(text);
    assertThat(name.path()).isEqualTo(path);
    assertThat(ScopeName.isScope(path)).isTrue();
    assertThat(ScopeName.at(path)).isEqualTo(name);
  }

  @ParameterizedTest
  @CsvSource({
    "'', be slice:prefix:name",
    "/a/b, be slice:prefix:name",
    "a.slice:b, be slice:prefix:name",
    "a.slice:b:c:d, be slice:prefix:name",
    "a/b.slice:c:d, be slice:prefix:name",
    "a.slice:c/:d, be slice:prefix:name",
    "a:b:c, have a slice that ends in .slice",
    ".slice:b:c, without empty parts",
    "a--b.slice:b:c, without empty parts",
    "-a.slice:b:c, without empty parts",
    "a-.slice:b:c, without empty parts",
    "--.slice:b:c, without empty parts",
    "a b.slice:b:c, have a slice of A-Z",
    "a.slice:b:, have a name",
    "a.slice:b:c.slice, 'name a scope, not a slice'",
    "a.slice:b@:c, have a prefix and a name",
    "a.slice:ü:c, have a prefix and a name",
    "a.slice:caisson:01234567-0123-7123-8123-0123456789ab, not be a name that sandboxes"
  })
  void saysWhichRuleANameBreaks(String text, String rule) {
    assertThatThrownBy(() -> ScopeName.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(rule);
  }

  @Test
  void boundsItsLength() {
    String longest = "n".repeat(255 - "p-.scope".length());
    assertThat(ScopeName.parse("a.slice:p:" + longest).unit()).hasSize(255);
    assertThatThrownBy(() -> ScopeName.parse("a.slice:p:" + longest + "n"))
        .hasMessageContaining("at most 255 bytes");
    assertThatThrownBy(() -> ScopeName.parse("a".repeat(250) + ".slice:p:n"))
        .hasMessageContaining("at most 255 bytes");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/", "/x.slice", "/x/y.scope", "/x.slice/y.scope/sandbox-0", "/x.slice/yscope"})
  void knowsWhatIsNoScope(String path) {
    assertThat(ScopeName.isScope(path)).isFalse();
  }

  @Test
  void knowsTheNamesThatSandboxesGet() {
    assertThat(ScopeName.isOwn(ScopeName.own(UID))).isTrue();
    assertThat(ScopeName.isOwn("caisson-web.scope")).isFalse();
  }
}
