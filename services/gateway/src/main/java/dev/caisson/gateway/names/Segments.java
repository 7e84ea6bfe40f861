package dev.caisson.gateway.names;

import dev.caisson.gateway.errors.Errors;
import dev.caisson.proto.v1.Reason;
import java.util.ArrayList;
import java.util.List;

/** Matches a name against its form, segment by segment. */
final class Segments {
  static final String WILDCARD = "-";

  private Segments() {}

  /**
   * The ids of the name, in order.
   *
   * @param wildcard whether {@code -} may stand for the sandbox
   */
  static String[] match(String field, String text, String form, boolean wildcard) {
    String[] expected = form.split("/", -1);
    String[] given = text.split("/", -1);
    if (given.length != expected.length) {
      throw refusal(field, text, form);
    }
    List<String> ids = new ArrayList<>();
    for (int index = 0; index < expected.length; index++) {
      if (!matches(expected[index], given[index], wildcard)) {
        throw refusal(field, text, form);
      }
      if (index % 2 == 1) {
        ids.add(given[index]);
      }
    }
    return ids.toArray(String[]::new);
  }

  private static boolean matches(String expected, String given, boolean wildcard) {
    boolean collection = !expected.startsWith("{");
    boolean any = wildcard && expected.equals("{sandbox}") && given.equals(WILDCARD);
    return collection ? given.equals(expected) : any || Ids.isId(given);
  }

  private static RuntimeException refusal(String field, String text, String form) {
    return Errors.invalid(Reason.INVALID_NAME, field, "be of the form " + form, text);
  }
}
