package dev.caisson.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.caisson.proto.events.v1.Event;
import io.cloudevents.CloudEvent;
import io.cloudevents.SpecVersion;
import io.cloudevents.kafka.KafkaMessageFactory;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The frozen records of {@code proto/vectors}. {@code -Dcontract.write=true} writes those of what
 * has none, a new payload or field, and never one anew.
 */
class VectorsTest {

  static List<String> payloads() {
    return Vectors.payloads().map(FieldDescriptor::getName).toList();
  }

  static List<String> vectors() throws IOException {
    return Vectors.names();
  }

  @ParameterizedTest
  @MethodSource("payloads")
  void everyFieldOfEveryPayloadIsFrozen(String payload) throws IOException {
    FieldDescriptor field = Event.getDescriptor().findFieldByName(payload);
    if (Boolean.getBoolean("contract.write")) {
      Vectors.writeMissing(field);
    }
    assertThat(Vectors.missing(field))
        .as("fields that no file of proto/vectors has: write one with -Dcontract.write=true")
        .isEmpty();
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void theBytesAreReadAsTheEvent(String name) throws IOException {
    Vector vector = Vectors.read(name);
    assertThat(Event.parseFrom(vector.bytes())).isEqualTo(vector.parsedEvent());
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void theEventIsWrittenAsTheBytes(String name) throws IOException {
    Vector vector = Vectors.read(name);
    assertThat(vector.parsedEvent().toByteString()).isEqualTo(vector.bytes());
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void theBytesAreSentWithTheseHeadersUnderThisKey(String name) throws IOException {
    Vector vector = Vectors.read(name);
    assertThat(Vector.of(Event.parseFrom(vector.bytes()))).isEqualTo(vector);
  }

  /** CloudEvents' own library reads and writes it; whatever it would not take is no CloudEvent. */
  @ParameterizedTest
  @MethodSource("vectors")
  void isACloudEventOfTheKafkaBinding(String name) throws IOException {
    Vector vector = Vectors.read(name);
    ProducerRecord<byte[], byte[]> produced = Vector.produced(vector.bytes());
    CloudEvent event =
        KafkaMessageFactory.createReader(produced.headers(), produced.value()).toEvent();
    assertThat(event.getSpecVersion()).isEqualTo(SpecVersion.V1);
    assertThat(event.getData()).isNotNull();
    assertThat(event.getData().toBytes()).isEqualTo(produced.value());
    assertThat(event.getTime()).isNotNull();
    assertThat(event.getExtensionNames())
        .isNotEmpty()
        .allMatch(extension -> extension.matches("[a-z0-9]{1,20}"));
    assertThat(written(event, vector)).isEqualTo(cloudEventHeaders(vector));
  }

  private static Set<String> written(CloudEvent event, Vector vector) {
    Set<String> headers = new TreeSet<>();
    KafkaMessageFactory.<String>createWriter("topic", null, vector.key())
        .writeBinary(event)
        .headers()
        .forEach(header -> headers.add(header.key() + "=" + new String(header.value(), UTF_8)));
    return headers;
  }

  private static Set<String> cloudEventHeaders(Vector vector) {
    Set<String> headers = new TreeSet<>();
    vector
        .headers()
        .forEach((name, value) -> {
          if (!name.startsWith("caisson-")) {
            headers.add(name + "=" + value);
          }
        });
    return headers;
  }
}
