package dev.caisson.executor.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Resources.DeviceRule;
import java.util.List;
import org.junit.jupiter.api.Test;

class DeviceListTest {
  private static DeviceRule rule(boolean allow, String type, int major, int minor, String access) {
    DeviceRule.Builder rule =
        DeviceRule.newBuilder().setAllow(allow).setType(type).setAccess(access);
    if (major >= 0) {
      rule.setMajor(major);
    }
    if (minor >= 0) {
      rule.setMinor(minor);
    }
    return rule.build();
  }

  private static DeviceList of(DeviceRule... rules) {
    ContainerSpec.Builder spec = ContainerSpec.newBuilder();
    spec.getResourcesBuilder().addAllDevices(List.of(rules));
    return DeviceList.of(spec.build());
  }

  @Test
  void isTheStandardOneWhereNothingMoreIsAllowed() {
    assertThat(DeviceList.of(ContainerSpec.getDefaultInstance())).isEqualTo(DeviceList.standard());
    assertThat(of(rule(false, "a", -1, -1, "rwm"))).isEqualTo(DeviceList.standard());
    assertThat(of(rule(false, "", -1, -1, ""), rule(true, "c", 1, 3, "rw")))
        .isEqualTo(DeviceList.standard());
  }

  @Test
  void hasTheDevicesThatAreListedWhereThereAreNoRules() {
    ContainerSpec.Builder spec = ContainerSpec.newBuilder();
    var _ = spec.addDevicesBuilder().setPath("/dev/fuse").setType("c").setMajor(10).setMinor(229);
    var _ = spec.addDevicesBuilder().setPath("/p").setType("p");
    assertThat(DeviceList.of(spec.build()).lines()).contains("c 10:229 rwm").hasSize(12);
    var _ = spec.getResourcesBuilder().addDevices(rule(false, "a", -1, -1, ""));
    assertThat(DeviceList.of(spec.build())).isEqualTo(DeviceList.standard());
  }

  @Test
  void letsTheLastRuleHold() {
    DeviceRule fuse = rule(true, "c", 10, 229, "rwm");
    assertThat(of(fuse, rule(false, "c", 10, -1, "w")).lines()).contains("c 10:229 rm");
    assertThat(of(fuse, rule(false, "b", -1, -1, "rwm")).lines()).contains("c 10:229 rwm");
    assertThat(of(fuse, rule(false, "a", -1, -1, "rwm"))).isEqualTo(DeviceList.standard());
    assertThat(of(rule(false, "a", -1, -1, "rwm"), fuse).lines()).contains("c 10:229 rwm");
  }

  @Test
  void tellsWhatIsBeyondAnother() {
    DeviceList most = DeviceList.standard().with(DeviceList.parse(List.of("b:7:*")).orElseThrow());
    assertThat(of(rule(true, "b", 7, 3, "rw")).beyond(most)).isEmpty();
    assertThat(of(rule(true, "b", 7, -1, "rw")).beyond(most)).isEmpty();
    assertThat(of(rule(true, "b", 8, 3, "r")).beyond(most)).contains("b 8:3 r");
    assertThat(of(rule(true, "a", -1, -1, "m")).beyond(most)).isEmpty();
    assertThat(of(rule(true, "a", -1, -1, "")).beyond(most)).contains("c *:* rw");
  }

  @Test
  void isWholeInstructionsThatGrowWithTheList() {
    int standard = DeviceList.standard().program().remaining();
    assertThat(standard % 8).isZero();
    assertThat(of(rule(true, "c", 10, 229, "rwm")).program().remaining())
        .isEqualTo(standard + 5 * 8);
    assertThat(of(rule(true, "c", 10, 229, "r")).program().remaining()).isEqualTo(standard + 6 * 8);
  }
}
