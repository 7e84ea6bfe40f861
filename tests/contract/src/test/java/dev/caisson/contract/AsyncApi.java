package dev.caisson.contract;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.caisson.events.EventHeaders;
import dev.caisson.events.EventType;
import dev.caisson.events.Topic;
import dev.caisson.proto.events.v1.CpuApportioned;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Failure;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.events.v1.RelayPosition;
import dev.caisson.proto.events.v1.UsageSample;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;

/** The topics as an AsyncAPI 3 document, made of the code and the descriptors. */
final class AsyncApi {

  private static final String KAFKA_BINDING = "0.5.0";

  /** What a channel is for, and how it is keyed; of the rest, the code knows. */
  private enum Channel {
    EVENTS(
        Topic.EVENTS,
        "Every event of every node, as it was journalled: those of a sandbox in order, each once for"
            + " who reads with read_committed.",
        "‹node›/‹sandbox uid›; ‹node› for what concerns no sandbox."),
    USAGE(
        Topic.USAGE,
        "What each sandbox's cgroup and containers have used, at one moment.",
        "‹node›/‹sandbox uid›."),
    CPU(
        Topic.CPU,
        "What one usage sample came to: the CPU time that each container of a sandbox is charged.",
        "‹node›/‹sandbox uid›."),
    RELAY(
        Topic.RELAY,
        "How far the relay of each node is, written in one transaction with what it has relayed.",
        "‹node›.");

    private final Topic topic;
    private final String description;
    private final String key;

    Channel(Topic topic, String description, String key) {
      this.topic = topic;
      this.description = description;
      this.key = key;
    }

    String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Comments comments;

  AsyncApi() throws IOException {
    comments = Comments.read();
  }

  Map<String, Object> document() {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("asyncapi", "3.0.0");
    document.put("info", info());
    document.put("defaultContentType", EventHeaders.PROTOBUF);
    document.put(
        "servers",
        Map.of(
            "broker",
            ordered(
                "host", "127.0.0.1:19092",
                "protocol", "kafka",
                "description", "Where `caisson up` has its own; `caisson status` prints it.")));
    document.put("channels", each(AsyncApi::channel));
    document.put("operations", operations());
    document.put("components", ordered("messages", messages(), "schemas", schemas()));
    return document;
  }

  private static Map<String, Object> info() {
    return ordered(
        "title",
        "Caisson's record",
        "version",
        "1.0.0",
        "description",
        "The topics that Caisson writes. How to read them is in docs/consuming-events.md. This file is"
            + " made of the code: `-Dcontract.write=true`, see proto/baseline.txt.",
        "license",
        ordered("name", "Apache-2.0", "url", "https://www.apache.org/licenses/LICENSE-2.0"));
  }

  private static Map<String, Object> channel(Channel channel) {
    Map<String, Object> messages = new LinkedHashMap<>();
    messageIds(channel).forEach(id -> messages.put(id, ref("#/components/messages/" + id)));
    return ordered(
        "address",
        channel.topic.topicName(),
        "description",
        channel.description,
        "messages",
        messages,
        "bindings",
        Map.of(
            "kafka",
            ordered(
                "partitions", channel.topic.partitions(),
                "topicConfiguration", configuration(channel.topic),
                "bindingVersion", KAFKA_BINDING)));
  }

  private static Map<String, Object> configuration(Topic topic) {
    Map<String, Object> configuration = new LinkedHashMap<>();
    String policy = topic.configuration().getOrDefault("cleanup.policy", "delete"); // Kafka's own.
    configuration.put("cleanup.policy", Arrays.asList(policy.split(",", -1)));
    topic.configuration().entrySet().stream()
        .filter(setting -> !setting.getKey().equals("cleanup.policy"))
        .sorted(Map.Entry.comparingByKey())
        .forEach(setting -> configuration.put(setting.getKey(), number(setting.getValue())));
    return configuration;
  }

  private static Object number(String value) {
    return value.contains(".") ? Double.valueOf(value) : (Object) Long.valueOf(value);
  }

  private static Map<String, Object> operations() {
    Map<String, Object> operations = new LinkedHashMap<>();
    for (Channel channel : Channel.values()) {
      operations.put(
          "send-" + channel.id(),
          ordered(
              "action",
              "send",
              "channel",
              ref("#/channels/" + channel.id()),
              "summary",
              channel == Channel.CPU
                  ? "The auditor writes, in one transaction with what it has read."
                  : "The gateway's relay writes, in one transaction with its position."));
    }
    return operations;
  }

  private static Stream<String> messageIds(Channel channel) {
    return switch (channel) {
      case EVENTS ->
          Stream.concat(
              payloads().map(FieldDescriptor::getJsonName),
              Stream.of("unknownEvent", "unreadableEvent"));
      case USAGE -> Stream.of("usageSample");
      case CPU -> Stream.of("cpuApportioned");
      case RELAY -> Stream.of("relayPosition");
    };
  }

  private Map<String, Object> messages() {
    Map<String, Object> messages = new LinkedHashMap<>();
    payloads().forEach(payload -> messages.put(payload.getJsonName(), event(payload)));
    messages.put(
        "unknownEvent",
        event(
            "UnknownEvent",
            "A payload of a newer version.",
            List.of(EventType.of(Event.getDefaultInstance()))));
    Map<String, Object> unreadable =
        event("UnreadableEvent", "Bytes that are no Event.", List.of(EventType.UNREADABLE));
    unreadable.remove("payload");
    messages.put("unreadableEvent", unreadable);
    messages.put("usageSample", plain(Channel.USAGE, UsageSample.getDescriptor()));
    messages.put("cpuApportioned", plain(Channel.CPU, CpuApportioned.getDescriptor()));
    messages.put("relayPosition", plain(Channel.RELAY, RelayPosition.getDescriptor()));
    return messages;
  }

  private Map<String, Object> event(FieldDescriptor payload) {
    Event event =
        Event.newBuilder()
            .setField(payload, Event.newBuilder().newBuilderForField(payload).build())
            .build();
    List<String> types =
        Stream.of(
                event.toBuilder().setPhase(Phase.INTENT),
                event.toBuilder().setPhase(Phase.OUTCOME),
                event.toBuilder().setPhase(Phase.OUTCOME).setFailure(Failure.getDefaultInstance()))
            .map(Event.Builder::build)
            .map(EventType::of)
            .toList();
    Descriptor message = payload.getMessageType();
    return event(
        message.getName(),
        comments.of(message) + "In `" + payload.getJsonName() + "` of the event.",
        types);
  }

  private static Map<String, Object> event(String name, String summary, List<String> types) {
    Map<String, Object> its =
        Map.of("properties", Map.of(EventHeaders.TYPE, Map.of("enum", types)));
    return ordered(
        "name", name,
        "summary", summary,
        "headers", Map.of("allOf", List.of(ref("#/components/schemas/eventHeaders"), its)),
        "payload", ref("#/components/schemas/event"),
        "bindings", keyed(Channel.EVENTS));
  }

  private Map<String, Object> plain(Channel channel, Descriptor message) {
    String name = message.getName();
    return ordered(
        "name",
        name,
        "summary",
        comments.of(message) + "Without headers.",
        "payload",
        ref(
            "#/components/schemas/"
                + name.substring(0, 1).toLowerCase(Locale.ROOT)
                + name.substring(1)),
        "bindings",
        keyed(channel));
  }

  private static Map<String, Object> keyed(Channel channel) {
    return Map.of(
        "kafka",
        ordered(
            "key",
            ordered("type", "string", "description", channel.key),
            "bindingVersion",
            KAFKA_BINDING));
  }

  private static Map<String, Object> schemas() {
    return ordered(
        "eventHeaders", HeadersSchema.schema(),
        "event", schema(Event.getDescriptor()),
        "usageSample", schema(UsageSample.getDescriptor()),
        "cpuApportioned", schema(CpuApportioned.getDescriptor()),
        "relayPosition", schema(RelayPosition.getDescriptor()));
  }

  private static Map<String, Object> schema(Descriptor message) {
    return ordered(
        "schemaFormat",
        "application/vnd.google.protobuf;version=3",
        "schema",
        ProtoText.of(message));
  }

  private static Stream<FieldDescriptor> payloads() {
    return Vectors.payloads();
  }

  private static Map<String, Object> each(Function<Channel, Object> made) {
    Map<String, Object> all = new LinkedHashMap<>();
    Arrays.stream(Channel.values()).forEach(channel -> all.put(channel.id(), made.apply(channel)));
    return all;
  }

  private static Map<String, Object> ref(String to) {
    return Map.of("$ref", to);
  }

  static Map<String, Object> ordered(Object... namesAndValues) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      map.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return map;
  }
}
