package dev.caisson.events;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.caisson.proto.events.v1.ContainerExited;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.events.v1.RelayPosition;
import dev.caisson.proto.events.v1.Subject;
import dev.caisson.proto.events.v1.UsageSample;
import dev.caisson.proto.types.v1.Actor;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecordsTest {

  private static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  private static final ByteString CHAIN =
      HashChain.next(HashChain.GENESIS, ByteString.copyFromUtf8("x"));

  private static final Event EXITED =
      Event.newBuilder()
          .setId(ByteString.copyFrom(HexFormat.of().parseHex("0192f0c1a2b37c4d8e5f60718293a4b5")))
          .setNode("n1")
          .setEpoch(7)
          .setSeq(42)
          .setSandboxSeq(5)
          .setTime(Timestamp.newBuilder().setSeconds(1_700_000_000).setNanos(123_000_000))
          .setSubject(
              Subject.newBuilder()
                  .setTenant("default")
                  .setSandboxId("web")
                  .setSandboxUid("0192f0c1-0000-7000-8000-000000000001")
                  .setContainerId("nginx")
                  .setContainerUid("0192f0c1-0000-7000-8000-000000000002"))
          .setActor(
              Actor.newBuilder()
                  .setPrincipal("uid:1000")
                  .setTraceparent(TRACE)
                  .setTracestate("congo=t61rcWkgMzE"))
          .setPhase(Phase.OBSERVATION)
          .setContainerExited(ContainerExited.getDefaultInstance())
          .build();

  @Test
  void carriesTheJournalsBytesUnchanged() {
    assertThat(Records.event(journalled(EXITED)).value()).isEqualTo(EXITED.toByteArray());
  }

  @Test
  void keysASandboxsEventsByNodeAndUid() {
    assertThat(key(Records.event(journalled(EXITED))))
        .isEqualTo("n1/0192f0c1-0000-7000-8000-000000000001");
  }

  @Test
  void keysWhatConcernsNoSandboxByNode() {
    assertThat(key(Records.event(journalled(EXITED.toBuilder().clearSubject().build()))))
        .isEqualTo("n1");
  }

  @Test
  void addsCloudEventsHeadersOfBinaryMode() {
    assertThat(headers(Records.event(journalled(EXITED))))
        .containsExactlyInAnyOrderEntriesOf(
            Map.ofEntries(
                Map.entry("ce_specversion", "1.0"),
                Map.entry("ce_id", "0192f0c1-a2b3-7c4d-8e5f-60718293a4b5"),
                Map.entry("ce_type", "dev.caisson.container.exited.v1"),
                Map.entry("ce_source", "/nodes/n1"),
                Map.entry(
                    "ce_subject",
                    "sandboxes/0192f0c1-0000-7000-8000-000000000001/containers/0192f0c1-0000-7000-8000-000000000002"),
                Map.entry("ce_time", "2023-11-14T22:13:20.123Z"),
                Map.entry("ce_sequence", "00000000000000000005"),
                Map.entry("ce_partitionkey", "n1/0192f0c1-0000-7000-8000-000000000001"),
                Map.entry("ce_traceparent", TRACE),
                Map.entry("ce_tracestate", "congo=t61rcWkgMzE"),
                Map.entry("content-type", "application/protobuf"),
                Map.entry("caisson-chain", CHAIN.toString(UTF_8)),
                Map.entry("caisson-epoch", "7"),
                Map.entry("caisson-seq", "42")));
  }

  @Test
  void leavesOutWhatAnEventDoesNotHave() {
    Event bare = Event.newBuilder().setNode("n1").build();
    assertThat(headers(Records.event(journalled(bare))))
        .doesNotContainKeys("ce_subject", "ce_sequence", "ce_traceparent", "ce_tracestate")
        .containsEntry("ce_id", "7-42");
  }

  @Test
  void putsNoTextOfAUserIntoAHeader() {
    Subject hostile =
        EXITED.getSubject().toBuilder().setSandboxUid("a\r\nx").setContainerId("évil\n").build();
    Event event =
        EXITED.toBuilder()
            .setSubject(hostile)
            .setActor(Actor.newBuilder().setTraceparent("00-\n").setTracestate("a=b"))
            .build();
    assertThat(headers(Records.event(journalled(event))))
        .doesNotContainKeys("ce_subject", "ce_traceparent", "ce_tracestate", "ce_partitionkey")
        .containsEntry("ce_type", "dev.caisson.container.exited.v1");
    for (String state : List.of("a=\r\nx", "a=" + "b".repeat(511), "a=é")) {
      Actor actor = Actor.newBuilder().setTraceparent(TRACE).setTracestate(state).build();
      assertThat(headers(Records.event(journalled(event.toBuilder().setActor(actor).build()))))
          .containsKey("ce_traceparent")
          .doesNotContainKey("ce_tracestate");
    }
  }

  // The second is past the year 9999, which RFC 3339 has no digits for.
  @ParameterizedTest
  @ValueSource(longs = {Long.MAX_VALUE, 253_402_300_800L, -62_167_219_201L})
  void leavesOutATimeThatIsNone(long seconds) {
    Event event = EXITED.toBuilder().setTime(Timestamp.newBuilder().setSeconds(seconds)).build();
    assertThat(headers(Records.event(journalled(event)))).doesNotContainKey("ce_time");
  }

  @ParameterizedTest
  @ValueSource(longs = {253_402_300_799L, -62_135_596_800L})
  void tellsEveryTimeOfFourDigitYears(long seconds) {
    Event event = EXITED.toBuilder().setTime(Timestamp.newBuilder().setSeconds(seconds)).build();
    assertThat(headers(Records.event(journalled(event))).get("ce_time"))
        .matches("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z");
  }

  @Test
  void countsSequencesWithoutASign() {
    Event event = EXITED.toBuilder().setSandboxSeq(-1).build();
    assertThat(headers(Records.event(journalled(event))))
        .containsEntry("ce_sequence", "18446744073709551615");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"
      })
  void leavesOutATraceThatIsNone(String traceparent) {
    Actor.Builder actor = EXITED.getActor().toBuilder().setTraceparent(traceparent);
    Event event = EXITED.toBuilder().setActor(actor).build();
    assertThat(headers(Records.event(journalled(event)))).doesNotContainKey("ce_traceparent");
  }

  @Test
  void carriesWhatCannotBeDecodedUnderTheNodesKey() {
    ByteString garbage = ByteString.copyFrom(new byte[] {(byte) 0xff, 1, 2});
    ProducerRecord<byte[], byte[]> produced =
        Records.event(new JournalRecord("n1", 7, 42, garbage, CHAIN));
    assertThat(key(produced)).isEqualTo("n1");
    assertThat(produced.value()).isEqualTo(garbage.toByteArray());
    assertThat(headers(produced))
        .containsEntry("ce_type", EventType.UNREADABLE)
        .containsEntry("ce_id", "7-42")
        .containsEntry("caisson-seq", "42");
  }

  @Test
  void escapesANodeNameInTheSource() {
    JournalRecord record = new JournalRecord("a b/c", 1, 1, EXITED.toByteString(), CHAIN);
    assertThat(headers(Records.event(record))).containsEntry("ce_source", "/nodes/a%20b%2Fc");
  }

  @Test
  void keysSamplesLikeEvents() {
    UsageSample sample = UsageSample.newBuilder().setNode("n1").setSandboxUid("u").build();
    ProducerRecord<byte[], byte[]> produced = Records.usage("n1", sample.toByteString());
    assertThat(key(produced)).isEqualTo("n1/u").isEqualTo(Keys.of(sample));
    assertThat(produced.value()).isEqualTo(sample.toByteArray());
  }

  @Test
  void carriesASampleThatCannotBeDecoded() {
    ProducerRecord<byte[], byte[]> produced =
        Records.usage("n1", ByteString.copyFrom(new byte[] {(byte) 0xff}));
    assertThat(key(produced)).isEqualTo("n1");
  }

  @Test
  void keysPositionsByNode() {
    ProducerRecord<byte[], byte[]> produced =
        Records.position("n1", RelayPosition.newBuilder().setEventsSeq(3).build());
    assertThat(key(produced)).isEqualTo("n1");
    assertThat(produced.topic()).isEqualTo("caisson.relay.v1");
  }

  @Test
  void refusesAnEventAboveTheBound() {
    ByteString tooLarge = ByteString.copyFrom(new byte[JournalRecord.MAX_EVENT_BYTES + 1]);
    assertThatThrownBy(() -> new JournalRecord("n1", 1, 1, tooLarge, CHAIN))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("event must have at most 65536 bytes: 65537");
  }

  private static JournalRecord journalled(Event event) {
    return new JournalRecord("n1", 7, 42, event.toByteString(), CHAIN);
  }

  private static String key(ProducerRecord<byte[], byte[]> produced) {
    return new String(produced.key(), UTF_8);
  }

  private static Map<String, String> headers(ProducerRecord<byte[], byte[]> produced) {
    Map<String, String> headers = new HashMap<>();
    produced
        .headers()
        .forEach(header -> headers.put(header.key(), new String(header.value(), UTF_8)));
    return headers;
  }
}
