package dev.caisson.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import org.junit.jupiter.api.Test;

class WatchesTest {
  private final Watches.Watch<String> watch = new Watches.Watch<>("synced"::equals);

  @Test
  void beginsBehindWhatThereWasAndTellsOfTheFirstChange() {
    watch.onNext("there");
    assertThat(watch.begun).isNotDone();
    watch.onNext("synced");
    assertThat(watch.begun).isCompletedWithValue(true);
    assertThat(watch.changed).isNotDone();
    watch.onNext("changed");
    assertThat(watch.changed).isCompletedWithValue(true);
  }

  @Test
  void isRefusedAlsoAfterItHasBegun() {
    watch.onNext("synced");
    watch.onError(Status.RESOURCE_EXHAUSTED.asRuntimeException());
    assertThat(watch.begun).isCompletedWithValue(true);
    assertThat(watch.changed).isCompletedWithValue(false);
  }

  @Test
  void failsWithAnythingElse() {
    watch.onCompleted();
    assertThatThrownBy(watch.begun::join).hasMessageContaining("A watch has ended by itself");
  }
}
