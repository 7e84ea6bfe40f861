package dev.caisson.executor.plan;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import dev.caisson.model.Sha256;
import java.security.MessageDigest;
import java.util.List;

/**
 * The SHA-256 of a plan's lines, which can be computed anew from the line on that names the host.
 */
final class PlanDigest {
  private final MessageDigest before;
  private final byte[] after;
  private final ByteString value;

  private PlanDigest(MessageDigest before, String naming, byte[] after) {
    this.before = before;
    this.after = after;
    MessageDigest whole = copy(before);
    whole.update(naming.getBytes(UTF_8));
    this.value = ByteString.copyFrom(whole.digest(after));
  }

  static PlanDigest of(Plan plan) {
    List<String> lines = plan.text();
    int naming = plan.namingStep();
    // The lines of the steps are the last.
    int at = naming < 0 ? lines.size() : lines.size() - plan.steps().size() + naming;
    MessageDigest before = Sha256.start();
    lines.subList(0, at).forEach(line -> before.update((line + "\n").getBytes(UTF_8)));
    return naming < 0
        ? new PlanDigest(before, "", new byte[0])
        : new PlanDigest(before, lines.get(at) + "\n", bytes(lines.subList(at + 1, lines.size())));
  }

  private static byte[] bytes(List<String> lines) {
    StringBuilder text = new StringBuilder();
    lines.forEach(line -> text.append(line).append('\n'));
    return text.toString().getBytes(UTF_8);
  }

  ByteString value() {
    return value;
  }

  PlanDigest renamed(Step naming) {
    return new PlanDigest(before, naming.text() + "\n", after);
  }

  private static MessageDigest copy(MessageDigest digest) {
    try {
      return (MessageDigest) digest.clone();
    } catch (CloneNotSupportedException e) {
      throw new AssertionError("the platform's SHA-256 can be copied", e);
    }
  }
}
