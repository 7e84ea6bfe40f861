package dev.caisson.auditor.trail;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is proven to have arrived, while the trail is moved from one Kafka to another. */
class TopicHorizonTest {
  private static final Position LAST = new Position(1, 12);
  private static final Map<String, Position> LASTS = Map.of("n1", LAST);
  private static final SourceTopic OTHER = new SourceTopic("t", "second");
  private static final Duration MOMENT = Duration.ofSeconds(1);

  private FakeTrail trail;
  private Optional<TopicEnds> ends = Optional.empty();
  private TopicHorizon horizon;

  @BeforeEach
  void fill() throws Exception {
    trail = new FakeTrail(FakeTrail.onH2());
    trail.store(new FakeJournal("n1").started().life("web", "nginx").records());
    Supplier<Optional<TopicEnds>> now = () -> ends;
    horizon =
        new TopicHorizon(
            now, new TrailOffsets(trail.database), new TrailNodes(trail.database), trail.clock());
  }

  @AfterEach
  void close() throws Exception {
    trail.close();
  }

  private void reads(SourceTopic topic, long end) {
    ends = Optional.of(new TopicEnds(topic, Map.of(0, end)));
  }

  private void pass(Duration time) throws Exception {
    trail.setTime(trail.clock().instant().plus(time));
  }

  @Test
  void provesWhatCameThroughTheTopicThatIsRead() throws Exception {
    reads(FakeTrail.TOPIC, 12);
    assertThat(horizon.proven(LASTS)).contains(LASTS);
  }

  @Test
  void provesNothingOfANodeThroughAnotherTopicForAnHour() throws Exception {
    reads(OTHER, 0);
    assertThat(horizon.proven(LASTS)).contains(Map.of());
    pass(TopicHorizon.ON_THE_WAY.minus(MOMENT));
    assertThat(horizon.proven(LASTS)).contains(Map.of());
    pass(MOMENT);
    assertThat(horizon.proven(LASTS)).contains(LASTS);
  }

  @Test
  void beginsAnotherHourWithEachTopic() throws Exception {
    reads(OTHER, 0);
    assertThat(horizon.proven(LASTS)).contains(Map.of());
    pass(TopicHorizon.ON_THE_WAY);
    reads(new SourceTopic("t", "third"), 0);
    assertThat(horizon.proven(LASTS)).contains(Map.of());
    pass(TopicHorizon.ON_THE_WAY);
    assertThat(horizon.proven(LASTS)).contains(LASTS);
  }

  @Test
  void keepsWhatWasProvenThroughTheTopicBefore() throws Exception {
    reads(FakeTrail.TOPIC, 12);
    Position half = new Position(1, 6);
    assertThat(horizon.proven(Map.of("n1", half))).contains(Map.of("n1", half));
    reads(OTHER, 0);
    assertThat(horizon.proven(LASTS)).contains(Map.of("n1", half));
    assertThat(horizon.settled(LASTS)).isEqualTo(Map.of("n1", half));
  }

  @Test
  void holdsToWhatWasProvenWhileKafkaIsAway() throws Exception {
    assertThat(horizon.settled(LASTS)).as("nothing ever was").isEqualTo(LASTS);
    reads(FakeTrail.TOPIC, 12);
    assertThat(horizon.proven(LASTS)).isPresent();
    ends = Optional.empty();
    assertThat(horizon.proven(LASTS)).isEmpty();
    assertThat(horizon.settled(Map.of("n1", new Position(1, 40)))).isEqualTo(LASTS);
  }
}
