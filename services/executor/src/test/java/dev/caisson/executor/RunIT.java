package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.caisson.proto.types.v1.ContainerState;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Run: a container from its creation to its deletion in one call. */
class RunIT {
  private static TestNode node;

  @BeforeAll
  static void start() throws Exception {
    node = TestNode.start();
  }

  @AfterAll
  static void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  @Test
  void tellsOutputAndExitCode() {
    Ended ended = node.run(node.shell("echo out; echo err >&2; exit 7"));

    assertThat(ended.out()).isEqualTo("out\n");
    assertThat(ended.err()).isEqualTo("err\n");
    assertThat(ended.code()).isEqualTo(7);
    assertThat(ended.signal()).isZero();
    assertThat(ended.status().getOutOfMemory()).isFalse();
    assertThat(ended.status().getUsage().getMaxRssBytes()).isPositive();
  }

  @Test
  void tellsTheSignalThatEndedIt() {
    var call = node.runAttached(node.request(node.newId("run"), node.spec("sleep", "60")).build());
    assertThat(call.started().getState()).isEqualTo(ContainerState.RUNNING);
    Ended ended = call.signal(9).ended();

    assertThat(ended.signal()).isEqualTo(9);
    assertThat(ended.code()).isZero();
  }

  @Test
  void movesInputUntilItsEnd() {
    var call = node.runAttached(node.request(node.newId("run"), node.spec("cat")).build());
    call.input("one ").input("two").closeInput();

    assertThat(call.ended().out()).isEqualTo("one two");
  }

  @Test
  void movesMuchOutputByteExactOnBothStreams() {
    String script = "yes 0123456789abcdef | head -c 3000001; yes err | head -c 2000003 >&2";
    Ended ended = node.run(node.shell(script));

    assertThat(ended.stdout()).hasSize(3_000_001);
    assertThat(ended.out().replace("0123456789abcdef\n", "")).isEqualTo("0123456789a");
    assertThat(ended.stderr()).hasSize(2_000_003);
    assertThat(ended.err().replace("err\n", "")).isEqualTo("err");
  }

  @Test
  void movesMuchInputByteExact() {
    var call = node.runAttached(node.request(node.newId("run"), node.spec("md5sum")).build());
    ByteString chunk = ByteString.copyFrom(new byte[64 * 1024]);
    for (int i = 0; i < 64; i++) {
      call.input(chunk);
    }
    call.closeInput();

    assertThat(call.ended().out()).isEqualTo("b5cfa9d6c8febd618f91ac2843d50a1c  -\n");
  }
}
