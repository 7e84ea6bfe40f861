package dev.caisson.contract;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What a proto says of each of its reasons: in a comment of its own, that begins with its codes.
 *
 * @param codes as gRPC names them
 * @param text what it means, and what to do
 */
record ErrorReason(String name, List<String> codes, String text) {

  private static final Pattern ALL = Pattern.compile("(?ms)^enum Reason \\{\\n(.*?)^}");
  private static final Pattern ONE =
      Pattern.compile("(?m)((?:^  // .*\\n)*)^  (\\w+) = [1-9]\\d*;");
  private static final Pattern COMMENT = Pattern.compile("([A-Z_]+(?: or [A-Z_]+)*): (.+)");

  /** In the order of the proto. */
  static List<ErrorReason> of(String proto) throws IOException {
    Matcher all = ALL.matcher(Files.readString(PublicApi.PROTO.resolve(proto)));
    if (!all.find()) {
      throw new AssertionError(proto + " must have an enum Reason");
    }
    List<ErrorReason> reasons = new ArrayList<>();
    Matcher one = ONE.matcher(all.group(1));
    while (one.find()) {
      reasons.add(of(one.group(2), one.group(1).replaceAll("(?m)^ *// *", "")));
    }
    return reasons;
  }

  private static ErrorReason of(String name, String comment) {
    Matcher said = COMMENT.matcher(comment.strip().replace('\n', ' '));
    if (!said.matches()) {
      throw new AssertionError(
          name + " must have a comment of its own as in '// NOT_FOUND: what it means': " + comment);
    }
    return new ErrorReason(name, List.of(said.group(1).split(" or ", -1)), said.group(2));
  }

  private String row() {
    return "| %s | %s | %s |\n".formatted(name, String.join(", ", codes), text);
  }

  static String table(List<ErrorReason> reasons) {
    return reasons.stream()
        .map(ErrorReason::row)
        .collect(Collectors.joining("", "| reason | code | meaning |\n|---|---|---|\n", ""));
  }
}
