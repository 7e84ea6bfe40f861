package dev.caisson.gateway.admission;

import com.google.gson.Gson;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import dev.caisson.gateway.files.YamlDocument;
import dev.caisson.proto.v1.PolicyFinding;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A request in a policy file, and what the policy must say of it. A file whose examples come out
 * otherwise is not taken up.
 */
final class Example {
  private static final Gson JSON = new Gson();

  private static final Set<String> FIELDS =
      Set.of("verdict", "request", "becomes", "permission", "tenant", "principal", "identities");

  private static final String ALLOWED = "allowed";
  private static final Map<PolicyFinding.Action, String> VERDICTS =
      Map.of(PolicyFinding.Action.DENY, "denied", PolicyFinding.Action.WARN, "warned");

  private Example() {}

  /**
   * Notes what is wrong with one, or what comes out otherwise.
   *
   * @param requests the types of requests for each permission
   */
  static void check(
      YamlDocument document,
      String at,
      Policy policy,
      Map<String, Set<Descriptor>> requests,
      @Nullable Object value) {
    Map<String, @Nullable Object> fields = document.map(at, value, FIELDS);
    String permission =
        String.valueOf(
            fields.getOrDefault("permission", new TreeSet<>(policy.permissions()).getFirst()));
    if (!policy.permissions().contains(permission)) {
      document.problem(
          at + ".permission must be of " + new TreeSet<>(policy.permissions()) + ": " + permission);
      return;
    }
    Descriptor type = requests.getOrDefault(permission, Set.of()).iterator().next();
    Optional<Message> request = message(document, at + ".request", type, fields.get("request"));
    if (request.isPresent()) {
      String principal = String.valueOf(fields.getOrDefault("principal", "uid:1000"));
      Set<String> identities =
          fields.containsKey("identities")
              ? document.texts(at + ".identities", fields.get("identities"))
              : Set.of(principal);
      Subject subject =
          new Subject(
              permission,
              String.valueOf(fields.getOrDefault("tenant", "team-a")),
              principal,
              identities,
              request.get());
      compare(document, at, fields, type, new Policies(List.of(policy), List.of()).review(subject));
    }
  }

  private static void compare(
      YamlDocument document,
      String at,
      Map<String, @Nullable Object> fields,
      Descriptor type,
      Policies.Review review) {
    String wanted = String.valueOf(fields.get("verdict"));
    String found =
        review.findings().stream()
            .map(one -> VERDICTS.get(one.getAction()))
            .filter(verdict -> verdict != null)
            .findFirst()
            .orElse(ALLOWED);
    if (!VERDICTS.containsValue(wanted) && !wanted.equals(ALLOWED)) {
      document.problem(at + ".verdict must be one of [allowed, denied, warned]: " + wanted);
    } else if (!wanted.equals(found)) {
      document.problem(at + " must be " + wanted + " as it says: it is " + found + why(review));
    }
    if (fields.containsKey("becomes")) {
      message(document, at + ".becomes", type, fields.get("becomes"))
          .filter(becomes -> !becomes.equals(review.request()))
          .ifPresent(becomes ->
              document.problem(at + " must become what it says: it becomes " + review.request()));
    }
  }

  private static String why(Policies.Review review) {
    return review.findings().isEmpty()
        ? ""
        : " (" + review.findings().getFirst().getMessage() + ")";
  }

  private static Optional<Message> message(
      YamlDocument document, String at, Descriptor type, @Nullable Object value) {
    DynamicMessage.Builder builder = DynamicMessage.newBuilder(type);
    try {
      JsonFormat.parser().merge(JSON.toJson(document.map(at, value, null)), builder);
      return Optional.of(builder.build());
    } catch (InvalidProtocolBufferException e) {
      document.problem(at + " must be a " + type.getFullName() + ": " + e.getMessage());
      return Optional.empty();
    }
  }
}
