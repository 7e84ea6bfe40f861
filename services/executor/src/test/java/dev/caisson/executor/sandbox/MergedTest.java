package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.Resources.DeviceRule;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MergedTest {
  private static Resources.Builder limits() {
    return Resources.newBuilder();
  }

  @Test
  void keepsWhatIsAbsentAtAnyDepth() {
    Resources.Builder before = limits();
    before.getMemoryBuilder().setLimit(64).setReservation(16);
    before.getPidsBuilder().setLimit(7);
    Resources.Builder asked = limits();
    asked.getMemoryBuilder().setLimit(128);

    Resources.Builder all = limits();
    all.getMemoryBuilder().setLimit(128).setReservation(16);
    all.getPidsBuilder().setLimit(7);
    assertThat(Merged.of(before.build(), asked.build()).all()).isEqualTo(all.build());
  }

  @Test
  void touchesWholeGroupsSinceSomeLimitsHoldOnlyTogether() {
    Resources.Builder before = limits();
    before.getMemoryBuilder().setLimit(64).setSwap(64);
    before.getPidsBuilder().setLimit(7);
    Resources.Builder asked = limits();
    asked.getMemoryBuilder().setSwap(128);

    Resources.Builder touched = limits();
    touched.getMemoryBuilder().setLimit(64).setSwap(128);
    assertThat(Merged.of(before.build(), asked.build()).touched()).isEqualTo(touched.build());
  }

  @Test
  void takesZeroAndNoLimitForValues() {
    Resources.Builder before = limits();
    before.getMemoryBuilder().setReservation(16);
    before.getPidsBuilder().setLimit(7);
    Resources.Builder asked = limits();
    asked.getMemoryBuilder().setReservation(0);
    asked.getPidsBuilder().setLimit(-1);

    assertThat(Merged.of(before.build(), asked.build()).all()).isEqualTo(asked.build());
  }

  @Test
  void replacesEntriesForTheSameThingAndKeepsOthers() {
    Resources before = limits().addDevices(rule(1, true)).addDevices(rule(2, true)).build();
    Resources asked = limits().addDevices(rule(2, false)).addDevices(rule(3, true)).build();

    assertThat(Merged.of(before, asked).all().getDevicesList())
        .containsExactly(rule(1, true), rule(2, false), rule(3, true));
  }

  private static DeviceRule rule(int major, boolean allow) {
    return DeviceRule.newBuilder().setType("c").setMajor(major).setAllow(allow).build();
  }

  @Test
  void takesAwayWhatHoldsNoMoreWithIt() {
    Resources.Builder before = limits();
    before.getMemoryBuilder().setLimit(64).setSwap(128);
    before.getCpuBuilder().setShares(512);
    Resources.Builder asked = limits();
    asked.getMemoryBuilder().setLimit(-1);
    asked.getCpuBuilder().setIdle(1);

    assertThat(Merged.of(before.build(), asked.build()))
        .isEqualTo(new Merged(asked.build(), asked.build()));
  }

  @Test
  void takesAwayFilesThatDoNotGoWithIt() {
    Resources before =
        limits().putUnified("cpu.weight", "50").putUnified("memory.high", "1").build();

    assertThat(files(before, "cpu.idle", "1"))
        .containsOnly(Map.entry("cpu.idle", "1"), Map.entry("memory.high", "1"));
    assertThat(files(before, "cpu.weight.nice", "5"))
        .containsOnly(Map.entry("cpu.weight.nice", "5"), Map.entry("memory.high", "1"));
    assertThat(files(before, "cpu.idle", "0")).containsKeys("cpu.idle", "cpu.weight");
  }

  private static Map<String, String> files(Resources before, String file, String value) {
    return Merged.of(before, limits().putUnified(file, value).build()).touched().getUnifiedMap();
  }

  /** Otherwise what was once set by its file could never be set by its field. */
  @Test
  void putsAFieldInPlaceOfTheFileThatSaidTheSame() {
    Resources before =
        limits()
            .putUnified("cpu.weight.nice", "5")
            .putUnified("cpu.max", "50000 200000")
            .putUnified("memory.low", "1M")
            .putUnified("io.max", "8:0 rbps=5")
            .build();
    Resources.Builder asked = limits();
    asked.getCpuBuilder().setShares(512).setPeriod(100_000);
    asked.getBlockIoBuilder().addThrottleReadBpsDeviceBuilder().setMajor(8).setMinor(0).setRate(5);

    Resources.Builder all = asked.clone();
    all.getCpuBuilder().setQuota(50_000);
    all.putUnified("memory.low", "1M").putUnified("io.max", "8:0 rbps=5");
    assertThat(Merged.of(before, asked.build()).all()).isEqualTo(all.build());

    Resources.Builder busy = limits();
    busy.getCpuBuilder().setIdle(0);
    assertThat(Merged.of(before, busy.build()).all().getUnifiedMap())
        .as("not to be idle says nothing of the weight")
        .containsKey("cpu.weight.nice");

    Resources unlimited = limits().putUnified("cpu.max", "max").build();
    Resources.Builder period = limits();
    period.getCpuBuilder().setPeriod(100_000);
    assertThat(Merged.of(unlimited, period.build()).touched().getCpu().getQuota()).isEqualTo(-1);
  }

  @Test
  void leavesTwoThatAreAskedForAtOnceToTheCheck() {
    Resources.Builder asked = limits().putUnified("cpu.weight", "5");
    asked.getCpuBuilder().setShares(512);

    assertThat(Merged.of(Resources.getDefaultInstance(), asked.build()).all())
        .isEqualTo(asked.build());
  }

  @Test
  void looksAtWhatIsUsedForThisChangeAlone() {
    Resources.Builder asked = limits();
    asked.getMemoryBuilder().setLimit(64).setCheckBeforeUpdate(true);
    Merged merged = Merged.of(Resources.getDefaultInstance(), asked.build());

    assertThat(merged.touched()).isEqualTo(asked.build());
    assertThat(merged.all().getMemory().getCheckBeforeUpdate()).isFalse();
    assertThat(merged.all().getMemory().getLimit()).isEqualTo(64);
  }

  @Test
  void keepsLimitsOfOtherDevicesAndPagesAndFiles() {
    Resources.Builder before = limits();
    before.addHugepageLimitsBuilder().setPageSize("2MB").setLimit(1);
    before.addHugepageLimitsBuilder().setPageSize("1GB").setLimit(2);
    before.getBlockIoBuilder().addThrottleReadBpsDeviceBuilder().setMajor(8).setMinor(0).setRate(5);
    before.putUnified("memory.high", "64");
    Resources.Builder asked = limits();
    asked.addHugepageLimitsBuilder().setPageSize("2MB").setLimit(3);
    asked.getBlockIoBuilder().addThrottleReadBpsDeviceBuilder().setMajor(8).setMinor(1).setRate(6);
    asked.putUnified("memory.min", "16").putUnified("memory.high", "128");

    Resources all = Merged.of(before.build(), asked.build()).all();
    assertThat(all.getHugepageLimitsList())
        .extracting(Resources.HugepageLimit::getLimit)
        .containsExactly(2L, 3L);
    assertThat(all.getBlockIo().getThrottleReadBpsDeviceList())
        .extracting(Resources.BlockIo.ThrottleDevice::getRate)
        .containsExactly(5L, 6L);
    assertThat(all.getUnifiedMap())
        .containsOnly(Map.entry("memory.high", "128"), Map.entry("memory.min", "16"));
  }

  @Test
  void isTheSameWhenItIsRepeated() {
    Resources.Builder asked = limits();
    asked.getCpuBuilder().setShares(512).setCpus("0-1");
    Resources once = Merged.of(Resources.getDefaultInstance(), asked.build()).all();

    assertThat(Merged.of(once, asked.build()).all()).isEqualTo(once);
  }
}
