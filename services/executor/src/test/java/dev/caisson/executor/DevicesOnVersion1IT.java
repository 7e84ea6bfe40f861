package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The same devices where it is a list of version 1 that says who may use them. */
class DevicesOnVersion1IT extends DevicesIT {
  private static final Path LISTS = Path.of("/sys/fs/cgroup/devices");

  /** Instead of the usual node. */
  @BeforeAll
  static void startNodeOnVersion1() throws Exception {
    assumeTrue(Files.exists(Path.of("/dev/fuse")), "Skipped: needs /dev/fuse");
    assumeTrue(Files.isDirectory(LISTS), "Skipped: needs the devices controller of version 1");
    endNode(); // the usual one
    node = TestNode.launchOnVersion1(RULES);
  }

  @Test
  void areWhatTheListsSay() throws Exception {
    String most = "c 10:229 rwm";
    assertThat(list(node.cgroupParent())).contains(most, "c 1:3 rwm").doesNotContain("a *:* rwm");
    var plain = node.create("plain", node.spec("true"));
    var fuse = node.shell("true");
    var _ = fuse.addDevicesBuilder().setPath("/dev/fuse").setType("c").setMajor(10).setMinor(229);
    var given = node.create("given", fuse);

    assertThat(list(plain.getCgroup())).contains("c 1:3 rwm").doesNotContain(most);
    assertThat(list(given.getCgroup())).contains("c 1:3 rwm", most);
  }

  private static java.util.List<String> list(String cgroup) throws Exception {
    return Files.readAllLines(LISTS.resolve(cgroup.substring(1)).resolve("devices.list"));
  }
}
