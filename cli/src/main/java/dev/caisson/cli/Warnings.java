package dev.caisson.cli;

import com.google.gson.JsonObject;
import dev.caisson.proto.types.v1.IgnoredField;
import dev.caisson.proto.v1.PolicyFinding;
import java.io.PrintWriter;
import java.util.List;

/** What of a config.json has no effect, told beside the answer. */
final class Warnings {
  private Warnings() {}

  static void print(List<IgnoredField> ignored, Output output) {
    print(ignored, output, false);
  }

  /**
   * @param raw whether our terminal is, where a line ends with a return too
   */
  static void print(List<IgnoredField> ignored, Output output, boolean raw) {
    String end = raw ? "\r\n" : "\n";
    PrintWriter err = output.err();
    ignored.forEach(field -> err.print((output.isForPrograms() ? json(field) : text(field)) + end));
    err.flush();
  }

  /** What the operator's policies would do. */
  static void printFindings(List<PolicyFinding> findings, Output output) {
    if (!output.isForPrograms()) { // there they are in the answer
      findings.forEach(one -> output.err().println(text(one)));
      output.err().flush();
    }
  }

  private static String text(PolicyFinding finding) {
    String policy = "policy " + finding.getPolicy();
    return switch (finding.getAction()) {
      case DENY -> policy + " would deny this: " + finding.getMessage();
      case SET -> policy + " sets " + finding.getField() + ": " + finding.getMessage();
      default -> "warning: " + policy + ": " + finding.getMessage();
    };
  }

  private static String text(IgnoredField field) {
    return "warning: config.json: " + sentence(field);
  }

  static String sentence(IgnoredField field) {
    return field.getField() + " " + field.getWhy();
  }

  private static String json(IgnoredField field) {
    JsonObject warning = new JsonObject();
    warning.addProperty("field", field.getField());
    warning.addProperty("message", "config.json: " + sentence(field));
    JsonObject root = new JsonObject();
    root.add("warning", warning);
    return root.toString();
  }
}
