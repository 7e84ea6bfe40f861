package dev.caisson.executor.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.executor.procfs.PidNamespaces;
import dev.caisson.executor.procfs.TrustedProc;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import dev.caisson.proto.types.v1.Resources;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class DelegationTest {
  private static final Resources LIMITED =
      Resources.newBuilder()
          .setMemory(Resources.Memory.newBuilder().setLimit(64 << 20))
          .setCpu(Resources.Cpu.newBuilder().setShares(512))
          .build();
  private static final String OWN = "12:pids:/other\n0::/user/services\n";
  private static final String PARENT = "/user/sandboxes";

  @TempDir Path root;
  private final TrustedProc proc = new TrustedProc(Kernel.open());
  private FakeKernel kernel;

  @BeforeEach
  void boot() throws IOException {
    kernel = new FakeKernel(root);
    var _ = kernel.v2();
    kernel.makeDirectory(root.resolve("unified/user"));
  }

  @AfterEach
  void close() {
    proc.close();
  }

  private Cgroups cgroups() {
    var mounts =
        List.of(new Mountinfo.Entry("/", root.resolve("unified"), "cgroup2", Set.of("rw")));
    return new Delegation(kernel, new PidNamespaces(Kernel.open(), proc))
        .cgroups(mounts, OWN, PARENT);
  }

  /** As in a container whose cgroup is mounted, and seen from outside. */
  @Test
  void countsPathsFromTheCgroupThatIsMounted() {
    kernel.broken("open unified/cgroup.procs", Errno.EACCES);

    assertThat(nested("/machine/web", "0::/machine/web/user/services\n").mode())
        .isEqualTo(CgroupMode.V2);
    assertThat(nested("/machine/web", "0::/elsewhere\n").mode()).isEqualTo(CgroupMode.NONE);
    assertThat(nested("/../..", "0::/user/services\n").mode()).isEqualTo(CgroupMode.NONE);
  }

  private Cgroups nested(String mounted, String own) {
    var mounts =
        List.of(new Mountinfo.Entry(mounted, root.resolve("unified"), "cgroup2", Set.of("rw")));
    return new Delegation(kernel, new PidNamespaces(Kernel.open(), proc))
        .cgroups(mounts, own, PARENT);
  }

  @Test
  void usesWhatWasDelegated() {
    Cgroups cgroups = cgroups();

    assertThat(cgroups.mode()).isEqualTo(CgroupMode.V2);
    assertThat(cgroups.tellProcessesApart()).isTrue();
    assertThat(kernel.has("unified/user/sandboxes")).isTrue();
  }

  @Test
  void leavesOutAndTellsLimitsWhoseControllerWasNotDelegated() throws IOException {
    kernel.makeDirectory(root.resolve("unified/user/sandboxes"));
    kernel.set("unified/user/sandboxes/cgroup.controllers", "memory");
    kernel.set("unified/user/sandboxes/cgroup.subtree_control", "memory");
    for (String above : List.of("", "user/")) {
      kernel.set("unified/" + above + "cgroup.subtree_control", "memory");
    }
    Cgroups cgroups = cgroups();

    Cgroup made = cgroups.create(PARENT + "/box", LIMITED, Owner.ROOT);
    assertThat(kernel.get("unified/user/sandboxes/box/memory.max")).isEqualTo("67108864");
    assertThat(cgroups.unenforced(LIMITED))
        .containsExactly(
            "resources.cpu.shares: not in force, since cgroup controller cpu is not delegated to"
                + " the executor's user");
    assertThatThrownBy(() -> made.update(LIMITED)).isInstanceOf(InvalidResources.class);
  }

  @ParameterizedTest
  @EnumSource(names = {"EACCES", "EROFS"})
  void doesWithoutWhereNothingMayBeMade(Errno errno) {
    kernel.broken("mkdir unified/user/sandboxes", errno);
    Cgroups cgroups = cgroups();

    assertThat(cgroups.mode()).isEqualTo(CgroupMode.NONE);
    assertThat(cgroups.missing()).singleElement().asString().contains("limits are not in force");
    assertThat(cgroups.unenforced(LIMITED))
        .containsExactly(
            "resources.memory.limit: not in force, since no cgroup is delegated to the executor's"
                + " user",
            "resources.cpu.shares: not in force, since no cgroup is delegated to the executor's"
                + " user");
  }

  @Test
  void doesWithoutWhereNobodyMayLeaveTheCgroupHeIsIn() {
    kernel.broken("open unified/user/cgroup.procs", Errno.EACCES);

    assertThat(cgroups().mode()).isEqualTo(CgroupMode.NONE);
  }

  @Test
  void failsForAnyOtherReason() {
    kernel.broken("mkdir unified/user/sandboxes", Errno.ENOSPC);

    assertThatThrownBy(this::cgroups).isInstanceOf(LinuxException.class);
  }

  @Test
  void refusesWhatOnlyACgroupCan() {
    kernel.broken("mkdir unified/user/sandboxes", Errno.EACCES);
    Cgroup group = cgroups().create(PARENT + "/box", LIMITED, Owner.ROOT);

    assertThatThrownBy(group::freeze)
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("no cgroup is delegated");
    assertThatThrownBy(() -> group.update(LIMITED))
        .isInstanceOf(InvalidResources.class)
        .hasMessageContaining("resources.memory.limit");
  }

  @Test
  void killsNobodyWhoIsNotOfAnotherPidNamespace() {
    kernel.broken("mkdir unified/user/sandboxes", Errno.EACCES);
    Cgroup group = cgroups().open(PARENT + "/box");
    group.standsFor((int) ProcessHandle.current().pid());

    group.kill();
    assertThat(group.processes()).isEmpty();
    assertThat(group.awaitEmpty(Duration.ZERO)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"/a/b,/a/c/d,/a", "/,/a,/", "/a,/a/b,/a", "/ab,/a,/", "/a/b,/a,/a"})
  void findsTheCommonAncestor(String one, String other, String ancestor) {
    assertThat(Delegation.commonAncestor(one, other)).isEqualTo(ancestor);
  }
}
