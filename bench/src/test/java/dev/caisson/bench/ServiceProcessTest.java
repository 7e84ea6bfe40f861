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

  @Test
  void findsTheMemoryAndTheThreadsOfAJvm() throws Exception {
    ServiceProcess.Footprint footprint = self.footprint();
    assertThat(footprint.heap()).isPositive();
    assertThat(footprint.rss()).isGreaterThan(1 << 20);
    assertThat(footprint.threads()).isGreaterThan(1);
  }

  @Test
  void addsUpTheGenerationsOfAHeap() {
    assertThat(
            ServiceProcess.heap(
                """
                1234:
                 DefNew     total 9792K, used 1024K [0x1, 0x2, 0x3)
                  eden space 8704K,  11% used [0x1, 0x2, 0x3)
                 Tenured    total 21888K, used 2048K [0x1, 0x2, 0x3)
                 Metaspace       used 40000K, committed 41000K, reserved 65536K
                """))
        .isEqualTo(3 * 1024 * 1024);
  }
}
