package dev.caisson.rpc;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.util.OptionalInt;
import java.util.stream.Stream;

/** Users by name and by number. A service's user often has no name, so each may stand for one. */
final class LocalUsers {
  private static final Path PASSWD = Path.of("/etc/passwd");

  private LocalUsers() {}

  /** Compares the numbers behind two names or numbers: the JDK's principals are equal by number. */
  static boolean same(String one, String other) {
    if (one.equals(other)) {
      return true;
    }
    try {
      UserPrincipalLookupService users = FileSystems.getDefault().getUserPrincipalLookupService();
      return users.lookupPrincipalByName(one).equals(users.lookupPrincipalByName(other));
    } catch (IOException noSuchUser) {
      return false;
    }
  }

  static OptionalInt uid(String user) {
    OptionalInt number = number(user);
    return number.isPresent() ? number : uidOfName(user, PASSWD);
  }

  /** passwd(5): name, password, uid, … separated by colons. */
  static OptionalInt uidOfName(String name, Path passwd) {
    try (Stream<String> lines = Files.lines(passwd, StandardCharsets.ISO_8859_1)) {
      return lines
          .map(line -> line.split(":", 4))
          .filter(fields -> fields.length == 4 && fields[0].equals(name))
          .map(fields -> number(fields[2]))
          .findFirst()
          .orElse(OptionalInt.empty());
    } catch (IOException unreadable) {
      return OptionalInt.empty();
    }
  }

  static OptionalInt number(String text) {
    try {
      return OptionalInt.of(Integer.parseUnsignedInt(text));
    } catch (NumberFormatException name) {
      return OptionalInt.empty();
    }
  }
}
