package dev.caisson.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Uid7Test {
  static final long NOW = 1_700_000_000_123L;

  private static final class SteppedClock extends Clock {
    private final List<Long> times;
    private int next;

    SteppedClock(List<Long> times) {
      this.times = times;
    }

    @Override
    public Instant instant() {
      return Instant.ofEpochMilli(times.get(Math.min(next++, times.size() - 1)));
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }

  private static Uid7 at(List<Long> times) {
    return new Uid7(new SteppedClock(times), new Random(1));
  }

  @Test
  void carriesTimeVersionAndVariant() {
    Uid uid = at(List.of(NOW)).next();
    assertThat(uid.millis()).isEqualTo(NOW);
    assertThat(uid.value().version()).isEqualTo(7);
    assertThat(uid.value().variant()).isEqualTo(2);
  }

  @Property(tries = 200)
  void growsWhateverTheClockDoes(
      @ForAll @Size(min = 2, max = 50) List<@LongRange(min = 0, max = NOW) Long> times) {
    Uid7 uids = at(times);
    Uid before = uids.next();
    for (int i = 1; i < times.size(); i++) {
      Uid uid = uids.next();
      assertThat(uid).isGreaterThan(before);
      assertThat(uid.toString()).isGreaterThan(before.toString());
      before = uid;
    }
  }

  @Test
  void growsPastAFullCounter() {
    Uid7 uids = at(List.of(NOW));
    List<Uid> made = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      made.add(uids.next());
    }
    assertThat(made).isSorted().doesNotHaveDuplicates();
    assertThat(made.getLast().millis()).isGreaterThan(NOW);
  }

  @Test
  void takesItsRandomBitsFromWhatItWasGiven() {
    RandomGenerator zeros = () -> 0L;
    Uid7 uids =
        new Uid7(Clock.fixed(Instant.ofEpochMilli(0x0123_4567_89abL), ZoneOffset.UTC), zeros);
    assertThat(uids.next()).hasToString("01234567-89ab-7000-8000-000000000000");
    assertThat(uids.next()).hasToString("01234567-89ab-7001-8000-000000000000");
  }

  @Test
  void parsesItsOwnText() {
    Uid uid = new Uid7(InstantSource.system().withZone(ZoneOffset.UTC), new Random(2)).next();
    assertThat(Uid.parse(uid.toString())).isEqualTo(uid);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "x",
        "01234567-89ab-4000-8000-000000000000",
        "01234567-89AB-7000-8000-000000000000",
        "1234567-89ab-7000-8000-000000000000",
        "01234567-89ab-7000-c000-000000000000"
      })
  void rejectsOtherText(String text) {
    assertThatThrownBy(() -> Uid.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }
}
