package dev.caisson.executor.guard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.throwable;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class GuardPolicyTest {
  private static final String DIGEST = "0123456789abcdef".repeat(4);

  @Test
  void allowsNextToNothingByDefault() {
    GuardPolicy policy = GuardPolicy.parse("");
    assertThat(policy.rootfsRoot("/srv")).isEmpty();
    assertThat(policy.mountRoot("/srv")).isEmpty();
    assertThat(policy.hook("/bin/true")).isEmpty();
    assertThat(policy.hostNamespaces()).isFalse();
    assertThat(policy.hostUserNamespace()).isFalse();
    assertThat(policy.mappedIds()).isEmpty();
    assertThat(policy.rootfsImages()).isFalse();
    assertThat(policy.devices()).isFalse();
    assertThat(policy.allowedDevices().lines()).isEmpty();
    assertThat(policy.newPrivileges()).isFalse();
    assertThat(policy.realTime()).isFalse();
    assertThat(policy.seccomp().unconfined()).isFalse();
    assertThat(policy.networks().named("")).isEmpty();
    assertThat(policy.networks().hostPorts()).isEmpty();
    assertThat(policy.seccomp().denied()).contains("kexec_load", "init_module", "bpf");
    assertThat(policy.seccomp().listenerRoots()).isEmpty();
    assertThat(policy.cgroupParent()).isEqualTo("/caisson");
    assertThat(policy.cgroupPaths()).isFalse();
    assertThat(policy.capabilities()).contains("CAP_CHOWN").doesNotContain("CAP_SYS_ADMIN");
    assertThat(policy.limits())
        .isEqualTo(
            new GuardPolicy.Limits(
                1000,
                4000,
                64,
                128,
                96,
                64,
                Duration.ofSeconds(30),
                OptionalLong.empty(),
                OptionalLong.empty(),
                1L << 30,
                Map.of("RLIMIT_NOFILE", 1_048_576L, "RLIMIT_NICE", 20L, "RLIMIT_RTPRIO", 0L)));
  }

  @Test
  void readsEachKey() {
    GuardPolicy policy =
        GuardPolicy.parse(
            """
            # what this host lends
            rootfs.roots = /srv/rootfs, /var/lib/images/
            rootfs.images = true
            mounts.roots = /srv/data
            bundles.roots=/run/bundles
            capabilities = CAP_KILL CAP_CHOWN
            namespaces.host = true
            user-namespace.host = true
            user-namespace.auto-ids = 3000000000-3000131071
            user-namespace.mapped-ids = 200000-265535
            devices = true
            devices.allowed = c:10:229 b:7:*
            new-privileges = true
            scheduling.realtime = true
            seccomp.unconfined = true
            seccomp.denied = kexec_load, ptrace
            seccomp.listeners = /run/agents
            cgroup.parent = /machines/caisson
            cgroup.paths = true
            limits.sandboxes = 1
            limits.containers = 2
            limits.execs-per-sandbox = 3
            limits.forwards = 13
            limits.forwards-per-tenant = 11
            limits.forwards-per-sandbox = 12
            limits.hook-timeout-seconds = 4
            limits.pids = 5
            limits.memory-bytes = 4194304
            limits.log-bytes = 1048576
            limits.rlimits = RLIMIT_NOFILE=unlimited RLIMIT_CORE=0
            hook = /usr/libexec/net uid=7 sha256=%s
            hook = /usr/libexec/log
            """
                .formatted(DIGEST));
    assertThat(policy.rootfsRoots()).containsExactly("/srv/rootfs", "/var/lib/images");
    assertThat(policy.rootfsImages()).isTrue();
    assertThat(policy.mountRoots()).containsExactly("/srv/data");
    assertThat(policy.bundleRoots()).containsExactly("/run/bundles");
    assertThat(policy.capabilities()).containsExactlyInAnyOrder("CAP_KILL", "CAP_CHOWN");
    assertThat(policy.hostNamespaces()).isTrue();
    assertThat(policy.hostUserNamespace()).isTrue();
    assertThat(policy.autoIds()).isEqualTo(new IdRange(3_000_000_000L, 3_000_131_071L));
    assertThat(policy.mappedIds()).contains(new IdRange(200_000, 265_535));
    assertThat(policy.devices()).isTrue();
    assertThat(policy.allowedDevices().lines()).containsExactly("c 10:229 rwm", "b 7:* rwm");
    assertThat(policy.newPrivileges()).isTrue();
    assertThat(policy.realTime()).isTrue();
    assertThat(policy.seccomp())
        .isEqualTo(new SeccompPolicy(true, Set.of("kexec_load", "ptrace"), List.of("/run/agents")));
    assertThat(GuardPolicy.parse("seccomp.denied =").seccomp().denied()).isEmpty();
    assertThat(policy.cgroupParent()).isEqualTo("/machines/caisson");
    assertThat(policy.cgroupPaths()).isTrue();
    assertThat(policy.limits())
        .isEqualTo(
            new GuardPolicy.Limits(
                1,
                2,
                3,
                13,
                11,
                12,
                Duration.ofSeconds(4),
                OptionalLong.of(5),
                OptionalLong.of(4 << 20),
                1L << 20,
                Map.of(
                    "RLIMIT_NOFILE", -1L,
                    "RLIMIT_CORE", 0L,
                    "RLIMIT_NICE", 20L,
                    "RLIMIT_RTPRIO", 0L)));
    assertThat(policy.hook("/usr/libexec/net"))
        .contains(new HookRule("/usr/libexec/net", 7, Optional.of(DIGEST)));
    assertThat(policy.hook("/usr/libexec/log"))
        .contains(new HookRule("/usr/libexec/log", 0, Optional.empty()));
  }

  @Test
  void reportsEveryProblemAtOnce() {
    String text =
        """
        rootfs.roots = srv
        capabilities = CAP_ALL
        seccomp.denied = Ptrace
        devices.allowed = c:10:229 /dev/fuse c:4096:0
        seccomp.listeners = run
        namespaces.host = maybe
        user-namespace.mapped-ids = 5-1
        limits.sandboxes = 0
        limits.containers = many
        limits.hook-timeout-seconds = 3601
        hook = /h sha256=short
        colour = red
        devices = true
        devices = false
        nonsense
        hook = /h
        hook = /h/ sha256=%s
        limits.rlimits = RLIMIT_NOFILE=many RLIMIT_BOGUS=1
        limits.pids = -1
        limits.memory-bytes = 1G
        limits.log-bytes = 131071
        """
            .formatted("a".repeat(64));
    assertThatThrownBy(() -> GuardPolicy.parse(text))
        .asInstanceOf(throwable(InvalidPolicyException.class))
        .satisfies(e ->
            assertThat(e.problems())
                .containsExactlyInAnyOrder(
                    "rootfs.roots must be an absolute path: srv",
                    "limits.rlimits must list ceilings, as in RLIMIT_NOFILE=1048576:"
                        + " RLIMIT_NOFILE=many",
                    "limits.rlimits must list ceilings, as in RLIMIT_NOFILE=1048576:"
                        + " RLIMIT_BOGUS=1",
                    "limits.pids must be at least 1: -1",
                    "limits.memory-bytes must be at least 2097152: 1G",
                    "limits.log-bytes must be at least 131072: 131071",
                    "capabilities must name capabilities: CAP_ALL",
                    "devices.allowed must list devices, as in c:10:229 or b:8:*: /dev/fuse",
                    "devices.allowed must list devices, as in c:10:229 or b:8:*: c:4096:0",
                    "seccomp.denied must name system calls: Ptrace",
                    "seccomp.listeners must be an absolute path: run",
                    "namespaces.host must be true or false: maybe",
                    "user-namespace.mapped-ids must be a range FIRST-LAST: 5-1",
                    "limits.sandboxes must be 1 to 100000: 0",
                    "limits.containers must be 1 to 100000: many",
                    "limits.hook-timeout-seconds must be 1 to 3600: 3601",
                    "line 11 must be hook = /path [uid=N] [sha256=64 digits]: sha256=short",
                    "line 12 has an unknown key: colour",
                    "line 14 repeats a key: devices",
                    "line 15 must be key = value: nonsense",
                    "line 16 repeats a hook: /h",
                    "line 17 repeats a hook: /h"));
  }

  @Test
  void keepsTheIdsOfSandboxesApart() {
    String text =
        """
        user-namespace.auto-ids = 100000-165534
        user-namespace.mapped-ids = 165534-200000
        """;
    assertThatThrownBy(() -> GuardPolicy.parse(text))
        .asInstanceOf(throwable(InvalidPolicyException.class))
        .satisfies(e ->
            assertThat(e.problems())
                .containsExactlyInAnyOrder(
                    "user-namespace.auto-ids must have at least 65536 ids: 100000-165534",
                    "user-namespace.mapped-ids must not overlap user-namespace.auto-ids:"
                        + " 165534-200000"));
    assertThatThrownBy(() -> GuardPolicy.parse("user-namespace.auto-ids = 5"))
        .asInstanceOf(throwable(InvalidPolicyException.class))
        .satisfies(e ->
            assertThat(e.problems())
                .containsExactly("user-namespace.auto-ids must be a range FIRST-LAST: 5"));
  }

  @Test
  void findsTheRootThatAPathLiesIn() {
    GuardPolicy policy = GuardPolicy.parse("rootfs.roots = /srv/a /srv/b");
    assertThat(policy.rootfsRoot("/srv/a")).contains("/srv/a");
    assertThat(policy.rootfsRoot("/srv/b/c")).contains("/srv/b");
    assertThat(policy.rootfsRoot("/srv/bc")).isEmpty();
    assertThat(policy.rootfsRoot("/srv")).isEmpty();
    assertThat(GuardPolicy.parse("rootfs.roots = /").rootfsRoot("/any")).contains("/");
  }

  @Property
  void readsAnyTextOrNamesItsProblems(@ForAll String text) {
    try {
      assertThat(GuardPolicy.parse(text)).isNotNull();
    } catch (InvalidPolicyException e) {
      assertThat(e.problems()).isNotEmpty();
    }
  }

  @Test
  void readsWhichNetworksThereAre() {
    GuardPolicy policy =
        GuardPolicy.parse("networks.cni = pods, other\nnetworks.host-ports = 8000-8999");
    assertThat(policy.networks().named("")).contains("pods");
    assertThat(policy.networks().named("other")).contains("other");
    assertThat(policy.networks().hostPorts()).contains(new IdRange(8000, 8999));
    assertThatThrownBy(
            () -> GuardPolicy.parse("networks.cni = ../x\nnetworks.host-ports = 1-70000"))
        .isInstanceOf(InvalidPolicyException.class)
        .hasMessageContaining("networks.cni must name networks: ../x")
        .hasMessageContaining("networks.host-ports must be within 1-65535");
  }
}
