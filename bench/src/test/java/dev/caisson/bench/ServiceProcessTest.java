package dev.caisson.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ServiceProcessTest {
  private final ServiceProcess self = new ServiceProcess(ProcessHandle.current().pid());

  @Test
  void countsCpuTimeOfAllThreads() throws Exception {
    Duration before = self.count().cpu();
    Thread busy =
        Thread.ofPlatform()
            .start(() -> {
              long end = System.nanoTime() + Duration.ofMillis(200).toNanos();
              while (System.nanoTime() < end) {
                Thread.onSpinWait();
              }
            });
    busy.join();
    assertThat(self.count().cpu()).isGreaterThan(before);
  }

  @Test
  void noticesAChildThatHasEndedAndOneThatLives() throws Exception {
    ServiceProcess.Counted before = self.count();
    assertThat(self.count().hasForkedAsOftenAs(before)).isTrue();
    assertThat(new ProcessBuilder("true").start().waitFor()).isZero();
    ServiceProcess.Counted ended = self.count();
    assertThat(ended.hasForkedAsOftenAs(before)).isFalse();

    Process lives = new ProcessBuilder("sleep", "100").start();
    try {
      assertThat(self.count().hasForkedAsOftenAs(ended)).isFalse();
    } finally {
      lives.destroyForcibly().waitFor();
    }
  }
}
