package dev.caisson.executor.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.StringValue;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PartTest {
  private static Part<StringValue> part(int there, int limit) {
    return part(IntStream.range(0, there).mapToObj("%05d"::formatted), limit);
  }

  private static Part<StringValue> part(Stream<String> values, int limit) {
    return Part.of(values.map(StringValue::of), limit, StringValue::getValue);
  }

  @Test
  void saysAfterWhichThereAreMore() {
    assertThat(part(3, 2).items()).hasSize(2);
    assertThat(part(3, 2).next()).isEqualTo("00001");
  }

  @Test
  void saysThatThereAreNoMore() {
    assertThat(part(2, 2).items()).hasSize(2);
    assertThat(part(2, 2).next()).isEmpty();
    assertThat(part(0, 2).next()).isEmpty();
  }

  @Test
  void isBounded() {
    assertThat(part(1_500, 0).items()).hasSize(1_000);
    assertThat(part(1_500, 1_400).next()).isEqualTo("00999");
  }

  @Test
  void fitsInAMessage() {
    String large = "x".repeat(1 << 20);
    Part<StringValue> part = part(Stream.of(large + 1, large + 2, large + 3), 0);
    assertThat(part.items()).hasSize(1);
    assertThat(part.next()).isEqualTo(large + 1);
    assertThat(part(Stream.of(large + large + large), 0).items()).as("one at least").hasSize(1);
  }

  @Test
  void refusesANegativeLimit() {
    assertThatThrownBy(() -> part(1, -1)).hasMessageContaining("limit must not be negative");
  }
}
