package dev.caisson.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalUsersTest {
  @TempDir Path directory;

  @Test
  void takesANameAndItsNumberForTheSameUser() {
    assertThat(LocalUsers.same("root", "0")).isTrue();
    assertThat(LocalUsers.same("0", "root")).isTrue();
  }

  @Test
  void takesANumberWithoutANameForAUser() {
    assertThat(LocalUsers.same("64999", "64999")).isTrue();
    assertThat(LocalUsers.same("64999", "64998")).isFalse();
    assertThat(LocalUsers.uid("64999")).hasValue(64999);
  }

  @Test
  void takesAnUnknownNameForNobody() {
    assertThat(LocalUsers.same("no-such-user-here", "0")).isFalse();
    assertThat(LocalUsers.uid("no-such-user-here")).isEmpty();
  }

  @Test
  void findsTheNumberOfANameInTheListOfUsers() throws IOException {
    Path passwd = directory.resolve("passwd");
    Files.writeString(
        passwd, "broken\nroot:x:0:0:root:/root:/bin/sh\nada:x:1001:1001::/:/bin/sh\n");
    assertThat(LocalUsers.uidOfName("ada", passwd)).hasValue(1001);
    assertThat(LocalUsers.uidOfName("bob", passwd)).isEmpty();
    assertThat(LocalUsers.uidOfName("ada", directory.resolve("absent"))).isEmpty();
  }
}
