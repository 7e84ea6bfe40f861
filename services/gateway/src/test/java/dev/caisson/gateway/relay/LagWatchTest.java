package dev.caisson.gateway.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.gateway.relay.Lag.Behind;
import io.grpc.Status;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LagWatchTest {

  private static final Instant START = Instant.parse("2026-01-02T03:04:05Z");
  private static final Lag TEN_SECONDS_OLD =
      new Lag(
          new Behind(3, 300, Optional.of(START.minusSeconds(10))),
          new Behind(0, 0, Optional.empty()));

  private final MovingClock clock = new MovingClock();
  private final List<Progress> asked = new ArrayList<>();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  @Test
  void asksOnceForAllGaugesThatAreReadTogether() {
    LagWatch watch = watch();
    new RelayMetrics(registry, clock, watch);
    assertThat(gauge("caisson.relay.lag.records")).isEqualTo(3);
    assertThat(gauge("caisson.relay.lag.bytes")).isEqualTo(300);
    assertThat(gauge("caisson.relay.lag.seconds")).isEqualTo(10);
    assertThat(asked).hasSize(1);
    clock.now = START.plus(LagWatch.FRESH).plusMillis(1);
    watch.reached(Progress.NONE.withEvents(new Place(2, 7)));
    assertThat(gauge("caisson.relay.lag.seconds")).isEqualTo(11.001);
    assertThat(asked).containsExactly(Progress.NONE, Progress.NONE.withEvents(new Place(2, 7)));
  }

  @Test
  void knowsNothingWhileTheJournalDoesNotAnswer() {
    LagWatch watch =
        new LagWatch(
            _ -> {
              throw Status.UNAVAILABLE.asRuntimeException();
            },
            clock);
    new RelayMetrics(registry, clock, watch);
    assertThat(watch.now()).isEmpty();
    assertThat(gauge("caisson.relay.lag.records")).isNaN();
  }

  @Test
  void isNeverYoungerThanNothing() {
    assertThat(TEN_SECONDS_OLD.events().age(START.minusSeconds(60))).isEqualTo(Duration.ZERO);
    assertThat(TEN_SECONDS_OLD.usage().age(START)).isEqualTo(Duration.ZERO);
  }

  @Test
  void countsTheLastMinute() {
    Rate rate = new Rate(clock);
    rate.add(60);
    clock.now = START.plusSeconds(30);
    rate.add(60);
    assertThat(rate.perSecond()).isEqualTo(2);
    clock.now = START.plusSeconds(60);
    assertThat(rate.perSecond()).isEqualTo(1);
    rate.add(120);
    assertThat(rate.perSecond()).isEqualTo(3);
    clock.now = START.plusSeconds(3_600);
    assertThat(rate.perSecond()).isZero();
  }

  private LagWatch watch() {
    return new LagWatch(
        after -> {
          asked.add(after);
          return TEN_SECONDS_OLD;
        },
        clock);
  }

  private double gauge(String name) {
    return registry.get(name).tag("stream", "events").gauge().value();
  }

  private static final class MovingClock extends Clock {
    private Instant now = START;

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return now;
    }
  }
}
