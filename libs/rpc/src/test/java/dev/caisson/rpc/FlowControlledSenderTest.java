package dev.caisson.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.stub.ServerCallStreamObserver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class FlowControlledSenderTest {
  private static final int SIZE = 64 * 1024;
  private static final Any MESSAGE =
      Any.newBuilder().setValue(ByteString.copyFrom(new byte[SIZE])).build();

  @TempDir Path directory;
  private final BlockingQueue<FlowControlledSender<Any>> senders = new LinkedBlockingQueue<>();
  private GrpcServer server;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws Exception {
    Path socket = directory.resolve("s");
    Echo echo =
        Echo.streaming((request, responses) ->
            senders.add(new FlowControlledSender<>((ServerCallStreamObserver<Any>) responses)));
    server = GrpcServer.unix(socket).services(List.of(echo)).start();
    channel = Channels.unix(socket);
  }

  @AfterEach
  void stop() throws Exception {
    channel.shutdownNow();
    assertThat(channel.awaitTermination(5, TimeUnit.SECONDS)).isTrue();
    server.close();
  }

  @Test
  void stopsWhenTheClientDoesNotReadAndGoesOnWhenItDoes() throws Exception {
    Iterator<Any> answers = Echo.callMany(channel);
    FlowControlledSender<Any> sender = senders.take();
    int sent = fill(sender);
    // gRPC's buffer and the window, at both ends: a handful of messages, not hundreds.
    assertThat(sent).isBetween(1, 8);
    for (int read = 0; read < sent; read++) {
      assertThat(answers.next().getValue().size()).isEqualTo(SIZE);
    }
    assertThat(sender.send(MESSAGE, Duration.ofSeconds(10)))
        .isEqualTo(FlowControlledSender.Sent.ACCEPTED);
    sender.complete();
    assertThat(answers.next()).isEqualTo(MESSAGE);
    assertThat(answers.hasNext()).isFalse();
  }

  @Test
  void endsAWaitingSendWhenTheClientGivesUp() throws Exception {
    Context.CancellableContext call = Context.current().withCancellation();
    Iterator<Any> answers = call.call(() -> Echo.callMany(channel));
    FlowControlledSender<Any> sender = senders.take();
    fill(sender);
    call.cancel(null);
    assertThat(firstThatIsNotAccepted(sender)).isEqualTo(FlowControlledSender.Sent.ENDED);
    sender.complete();
    assertThat(answers).isNotNull();
  }

  @Test
  void failsTheCallOnceAndTakesNothingAfterIt() throws Exception {
    Iterator<Any> answers = Echo.callMany(channel);
    FlowControlledSender<Any> sender = senders.take();
    sender.fail(io.grpc.Status.DATA_LOSS.asRuntimeException());
    sender.complete();
    assertThat(sender.offer(MESSAGE)).isEqualTo(FlowControlledSender.Sent.ENDED);
    assertThat(org.assertj.core.api.Assertions.catchThrowable(answers::hasNext))
        .hasMessageContaining("DATA_LOSS");
  }

  /** Some may still be, before the server hears of a cancellation. */
  private static FlowControlledSender.Sent firstThatIsNotAccepted(FlowControlledSender<Any> sender)
      throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    FlowControlledSender.Sent sent = FlowControlledSender.Sent.ACCEPTED;
    while (sent == FlowControlledSender.Sent.ACCEPTED && System.nanoTime() < deadline) {
      sent = sender.send(MESSAGE, Duration.ofSeconds(10));
    }
    return sent;
  }

  /** Sends until nothing more is taken for a while. */
  private static int fill(FlowControlledSender<Any> sender) throws InterruptedException {
    int sent = 0;
    while (sender.send(MESSAGE, Duration.ofMillis(300)) == FlowControlledSender.Sent.ACCEPTED) {
      sent++;
      assertThat(sent).isLessThan(1000);
    }
    return sent;
  }
}
