package dev.caisson.gateway.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Metadata;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TraceContextTest {
  private static final String IDS = "-" + "a".repeat(32) + "-" + "b".repeat(16) + "-01";
  private static final String PARENT = "00" + IDS;

  @Test
  void takesWhatTheCallerSays() {
    TraceContext trace = of(PARENT, "congo=t61rcWkgMzE, rojo@a=00f067aa0ba902b7,", "x=y");
    assertThat(trace.parent()).isEqualTo(PARENT);
    assertThat(trace.state()).isEqualTo("congo=t61rcWkgMzE,rojo@a=00f067aa0ba902b7,x=y");
  }

  @Test
  void takesANewerVersionAsTheOneThatItKnows() {
    assertThat(of("01" + IDS).parent()).isEqualTo(PARENT);
    assertThat(of("cc" + IDS + "-what-comes").parent()).isEqualTo(PARENT);
  }

  @Test
  void leavesOutWhatIsNone() {
    for (String none :
        List.of(
            "evil",
            "ff" + IDS,
            PARENT + "-more",
            PARENT.toUpperCase(java.util.Locale.ROOT),
            PARENT.replace('a', '0'),
            PARENT.replace('b', '0'))) {
      assertThat(of(none, "a=b")).as(none).isEqualTo(new TraceContext("", ""));
    }
    assertThat(of(PARENT).state()).isEmpty();
    for (String none : List.of("a", "A=b", "a=b=c", "a=", "=b", "a=b\u0007")) {
      assertThat(of(PARENT, "x=y," + none)).as(none).isEqualTo(new TraceContext(PARENT, ""));
    }
  }

  @Test
  void boundsTheState() {
    assertThat(of(PARENT, members(32)).state()).isEqualTo(members(32));
    assertThat(of(PARENT, members(33)).state()).isEmpty();
    String half = "a=" + "v".repeat(253);
    assertThat(of(PARENT, half, half, "x=y").state()).hasSize(511).endsWith("v");
    assertThat(of(PARENT, half, half + "v", "x=y").state()).hasSize(512);
    assertThat(of(PARENT, half + "v", half + "v", "x=y").state()).isEqualTo(half + "v");
  }

  private static String members(int count) {
    return IntStream.range(0, count).mapToObj(i -> "k" + i + "=v").collect(Collectors.joining(","));
  }

  private static TraceContext of(String parent, String... states) {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER), parent);
    for (String state : states) {
      headers.put(Metadata.Key.of("tracestate", Metadata.ASCII_STRING_MARSHALLER), state);
    }
    return TraceContext.of(headers);
  }
}
