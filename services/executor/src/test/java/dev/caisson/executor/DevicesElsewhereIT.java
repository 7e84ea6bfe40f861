package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.executor.cgroup.Cgroups;
import dev.caisson.linux.Kernel;
import dev.caisson.proto.types.v1.ContainerSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A guard may allow cgroups that are not below the one where the device rules of all are. */
class DevicesElsewhereIT extends OnNode {
  @BeforeAll
  static void allowTheHostsUsers() throws Exception {
    allow("user-namespace.host = true");
  }

  @Test
  void areFencedInACgroupElsewhereToo() throws Exception {
    Path guard = node.base().resolve("guard.conf");
    String before = Files.readString(guard);
    String elsewhere = "/caisson-elsewhere-" + UUID.randomUUID();
    Cgroups cgroups = Cgroups.detect(Kernel.open().files(), Path.of("/proc/self/mountinfo"));
    cgroups.ensure(elsewhere);
    try {
      Files.writeString(guard, before.replace(node.cgroupParent(), elsewhere));
      node.restart();
      ContainerSpec.Builder spec =
          DevicesIT.privileged(DevicesIT.MAKE_KMSG).setCgroupParent(elsewhere);
      assertThat(node.run(spec).err()).contains("/dev/kmsg").contains("Operation not permitted");
    } finally {
      Files.writeString(guard, before);
      node.restart();
      assertThat(cgroups.removeIfUnused(elsewhere)).isTrue();
    }
  }
}
