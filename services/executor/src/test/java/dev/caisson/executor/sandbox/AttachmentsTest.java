package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.executor.refusal.RefusedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class AttachmentsTest {
  private final Attachments attachments = new Attachments();

  @Test
  void boundsCallersAndTakesTheirPlacesBack() {
    for (int i = 0; i < Attachments.MAX; i++) {
      attachments.enter();
    }
    assertThatThrownBy(attachments::enter).isInstanceOf(RefusedException.class);
    assertThat(attachments.leave()).isFalse();
    attachments.enter();
  }

  @Test
  void letsNobodyInOnceItIsClosed() {
    attachments.close();
    assertThatThrownBy(
            () -> attachments.attach(() -> "in", () -> new IllegalStateException("gone")))
        .hasMessage("gone");
  }

  @Test
  void whatHasBegunIsWaitedFor() throws Exception {
    List<String> order = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    Thread caller =
        Thread.ofPlatform()
            .start(() ->
                attachments.attach(
                    () -> {
                      inside.countDown();
                      awaitUninterruptibly(go);
                      return order.add("attached");
                    },
                    IllegalStateException::new));
    inside.await();
    Thread deletion =
        Thread.ofPlatform()
            .start(() -> {
              attachments.close();
              order.add("closed");
            });
    org.awaitility.Awaitility.await()
        .atMost(Duration.ofMinutes(1))
        .until(() -> deletion.getState() == Thread.State.BLOCKED);
    go.countDown();
    caller.join();
    deletion.join();
    assertThat(order).containsExactly("attached", "closed");
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
