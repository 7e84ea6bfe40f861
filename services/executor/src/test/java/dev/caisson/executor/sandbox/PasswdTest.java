package dev.caisson.executor.sandbox;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class PasswdTest {
  private static Passwd of(String text) {
    return Passwd.of(text.getBytes(ISO_8859_1), true);
  }

  @Test
  void takesTheFirstLineOfTheUser() {
    Passwd users = of("a:x:1:1::/a:\nb:x:2:2::/b:/bin/sh\nc:x:2:2::/c:/bin/sh");
    assertThat(users.home(1)).hasValue("/a");
    assertThat(users.home(2)).hasValue("/b");
    assertThat(users.home(3)).isEmpty();
  }

  @Test
  void knowsUsersUpToTheGreatest() {
    assertThat(of("a:x:4294967294:1::/a:").home(-2)).hasValue("/a");
    assertThat(of("a:x:99999999999:1::/a:").home(1_215_752_191)).isEmpty();
    assertThat(of("a:x:-2:1::/a:").home(-2)).isEmpty();
    assertThat(of("a:x::1::/a:").home(0)).isEmpty();
  }

  @Test
  void passesOverLinesOfAnotherForm() {
    assertThat(of("#a:x:0\n\n:::\na:x:0:0:/a\na:x:0:0::/b").home(0)).hasValue("/b");
    assertThat(of("a:x:0:0::/b:/bin/sh:more:fields").home(0)).hasValue("/b");
  }

  @Test
  void takesOnlyWhatCanBeADirectory() {
    for (String home : new String[] {"", "relative", "/a\0b", "/" + "a".repeat(4095)}) {
      assertThat(of("a:x:0:0::" + home + ":\na:x:0:0::/second:").home(0)).isEmpty();
    }
    assertThat(of("a:x:0:0::/" + "a".repeat(4094) + ":").home(0)).isPresent();
  }

  @Test
  void doesNotCountALineThatIsCutOff() {
    byte[] cut = "a:x:1:1::/a:\nb:x:2:2::/b".getBytes(ISO_8859_1);
    assertThat(Passwd.of(cut, false).home(1)).hasValue("/a");
    assertThat(Passwd.of(cut, false).home(2)).isEmpty();
    assertThat(Passwd.of(new byte[] {'a'}, false).home(1)).isEmpty();
  }

  @Property
  void answersWhateverItHolds(@ForAll byte[] bytes, @ForAll int uid) {
    assertThat(Passwd.of(bytes, true).home(uid).orElse("/"))
        .startsWith("/")
        .doesNotContain("\0", "\n");
  }

  @Property
  void neverAnswersWithAnotherUsersHome(@ForAll @StringLength(max = 40) String noise) {
    String other = "o:x:5:5::/other:\n";
    assertThat(of(noise + "\n" + other).home(6)).isNotEqualTo(java.util.Optional.of("/other"));
  }
}
