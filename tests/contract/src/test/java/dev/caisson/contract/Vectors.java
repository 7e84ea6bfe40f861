package dev.caisson.contract;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import com.google.protobuf.MessageOrBuilder;
import dev.caisson.proto.events.v1.ContainerStarted;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Failure;
import dev.caisson.proto.events.v1.Phase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The files of {@code proto/vectors}, and what they lack. */
final class Vectors {

  private static final Path VECTORS = PublicApi.PROTO.resolve("vectors");

  /** No payload has a oneof with so many members. */
  private static final int VARIANTS = 16;

  private Vectors() {}

  static List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(VECTORS)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  static Stream<FieldDescriptor> payloads() {
    return Event.getDescriptor().getOneofs().getFirst().getFields().stream();
  }

  static Vector read(String name) throws IOException {
    return Vector.parse(Files.readString(VECTORS.resolve(name)));
  }

  /**
   * One for each oneof's member, as long as something is missing; nothing that is there changes.
   */
  static void writeMissing(FieldDescriptor payload) throws IOException {
    writeEnvelopes();
    for (int variant = 0; variant < VARIANTS && !missing(payload).isEmpty(); variant++) {
      write(payload, Filled.event(payload, variant));
    }
  }

  /** Which fields of a payload are in none of its vectors, and of the envelope in none at all. */
  static Set<String> missing(FieldDescriptor payload) throws IOException {
    Set<String> missing = new TreeSet<>();
    Event.getDescriptor().getFields().stream()
        .filter(field -> field.getContainingOneof() == null || field.equals(payload))
        .forEach(field -> addField(field, missing));
    for (String name : names()) {
      Event event = Event.parseFrom(read(name).bytes());
      boolean its = name.matches(payload.getName() + "(-[0-9]+)?\\.json");
      removeFields(its ? event : event.toBuilder().clearPayload().build(), missing);
    }
    return missing;
  }

  private static void addField(FieldDescriptor field, Set<String> fields) {
    if (fields.add(field.getFullName())
        && field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
      field.getMessageType().getFields().forEach(inner -> addField(inner, fields));
    }
  }

  private static void removeFields(MessageOrBuilder message, Set<String> fields) {
    message
        .getAllFields()
        .forEach((field, value) -> {
          fields.remove(field.getFullName());
          if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
            List<?> values = value instanceof List<?> list ? list : List.of(value);
            values.forEach(inner -> removeFields((Message) inner, fields));
          }
        });
  }

  /**
   * The other phases: an intent, an outcome that recovery has closed; and what is of no sandbox.
   */
  private static void writeEnvelopes() throws IOException {
    FieldDescriptor started =
        Event.getDescriptor().findFieldByNumber(Event.CONTAINER_STARTED_FIELD_NUMBER);
    Event outcome = Filled.event(started, 0);
    Event intent =
        outcome.toBuilder()
            .setPhase(Phase.INTENT)
            .clearIntentSeq()
            .setContainerStarted(ContainerStarted.getDefaultInstance())
            .build();
    Failure failure =
        Failure.newBuilder().setCode(10).setReason("ABORTED").setMessage("Cut off").build();
    Event ofNoSandbox =
        outcome.toBuilder()
            .setPhase(Phase.OBSERVATION)
            .clearSubject()
            .clearSandboxSeq()
            .clearIntentSeq()
            .build();
    writeNew("phase-observation.json", ofNoSandbox.toBuilder().clearActor().build());
    writeNew("phase-intent.json", intent);
    writeNew(
        "phase-failed.json", outcome.toBuilder().setIntentEpoch(2).setFailure(failure).build());
  }

  private static void write(FieldDescriptor payload, Event event) throws IOException {
    List<String> taken = names();
    String name =
        IntStream.iterate(1, i -> i + 1)
            .mapToObj(i -> payload.getName() + (i == 1 ? "" : "-" + i) + ".json")
            .filter(free -> !taken.contains(free))
            .findFirst()
            .orElseThrow();
    writeNew(name, event);
  }

  private static void writeNew(String name, Event event) throws IOException {
    Path file = VECTORS.resolve(name);
    if (!Files.exists(file)) {
      Files.writeString(file, Vector.of(event).text());
    }
  }
}
