package dev.caisson.executor.network;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.caisson.executor.hook.PluginRunner;

/** Why a plugin failed, in its own words: CNI, section 5, "Error". */
final class Complaint {
  private Complaint() {}

  static String of(PluginRunner.Outcome outcome) {
    String problem = outcome.problem().orElse("it failed");
    try {
      JsonObject error = Json.object(outcome.output());
      String message = Json.text(error, "msg");
      String details = Json.text(error, "details");
      return message.isEmpty()
          ? withErrors(problem, outcome.errors())
          : message + (details.isEmpty() ? "" : ": " + details) + code(error);
    } catch (Json.Malformed e) {
      return withErrors(problem, outcome.errors());
    }
  }

  private static String code(JsonObject error) {
    JsonElement code = error.get("code");
    return code == null || !code.isJsonPrimitive() ? "" : " (code " + code.getAsString() + ")";
  }

  private static String withErrors(String problem, String errors) {
    String text = errors.strip();
    return text.isEmpty() ? problem + "." : problem + ". It printed: " + text;
  }
}
