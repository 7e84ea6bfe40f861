package dev.caisson.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Nobody is given anything without a reason, and everybody what there is a reason for. */
class PrivilegesTest {
  private static final String COMPOSE = "docker-compose.yml";

  /** Not ours: an image of PostgreSQL, with what images usually have; and its password's maker. */
  private static final Set<String> OTHERS = Set.of("postgres", "password");

  /** What of the host is mounted: all else are volumes. */
  private static final Map<String, String> OF_THE_HOST =
      Map.of(
          "/sys", "/sys",
          "${CAISSON_ROOTFS:-/var/lib/caisson/rootfs}", "/var/lib/caisson/rootfs");

  /**
   * What may be said of a service: all that gives something is compared, and nothing else is known.
   */
  private static final Set<String> KNOWN_KEYS =
      Set.of(
          "image",
          "command",
          "depends_on",
          "environment",
          "hostname",
          "profiles",
          "restart",
          "ulimits",
          "user",
          "read_only",
          "network_mode",
          "networks",
          "pid",
          "cgroup",
          "userns_mode",
          "cap_drop",
          "cap_add",
          "security_opt",
          "tmpfs",
          "volumes");

  private static final List<String> CONFINED =
      List.of("no-new-privileges:true", "seccomp=./packaging/images/seccomp.json");

  static Stream<Compose> composed() {
    return Compose.of(COMPOSE).stream().filter(service -> !OTHERS.contains(service.name()));
  }

  @Test
  void everyServiceIsThere() {
    assertThat(composed().map(Compose::name))
        .containsExactlyInAnyOrderElementsOf(Privileges.allowed().keySet());
  }

  @ParameterizedTest
  @MethodSource("composed")
  void composeGivesWhatIsAllowed(Compose service) {
    assertThat(service.privileges()).isEqualTo(Privileges.allowed().get(service.name()));
    assertThat(KNOWN_KEYS).containsAll(service.keys().keySet());
    assertThat(service.isReadOnly()).as("its root file system is read-only").isTrue();
  }

  /** Of what is not privileged. The executor's containers would inherit both. */
  @ParameterizedTest
  @MethodSource("composed")
  void composeConfinesWhoIsNotPrivileged(Compose service) {
    assertThat(service.confined())
        .containsExactlyInAnyOrderElementsOf(
            service.name().equals("executor") ? List.of() : CONFINED);
  }

  /** What holds a unit that is not privileged: systemd.exec(5). */
  private static final List<String> HELD_BY =
      List.of(
          "NoNewPrivileges",
          "ProtectHome",
          "ProtectKernelTunables",
          "ProtectKernelModules",
          "ProtectKernelLogs",
          "ProtectControlGroups",
          "ProtectClock",
          "PrivateTmp",
          "PrivateDevices",
          "RestrictNamespaces",
          "RestrictSUIDSGID",
          "LockPersonality");

  /** More that systemd does by filters or read-only mounts, and that containers would inherit. */
  private static final List<String> ALSO_INHERITED =
      List.of(
          "SystemCallFilter",
          "SystemCallArchitectures",
          "ProtectSystem",
          "ProtectHostname",
          "ProtectProc",
          "PrivateUsers",
          "RestrictRealtime",
          "RestrictAddressFamilies",
          "ReadWritePaths",
          "ReadOnlyPaths",
          "InaccessiblePaths",
          "MemoryDenyWriteExecute",
          "DynamicUser");

  @Test
  void theUnitOfTheExecutorGivesWhatIsAllowed() {
    Unit unit = Unit.of("executor");
    assertThat(unit.capabilities()).isEqualTo(Privileges.allowed().get("executor").capabilities());
    assertThat(unit.value("PrivateNetwork")).isEqualTo("yes");
    assertThat(unit.value("User")).as("root, by default").isEmpty();
    assertThat(unit.value("KillMode")).as("its end is no sandbox's").isEqualTo("process");
    assertThat(unit.settings().keySet())
        .doesNotContainAnyElementsOf(HELD_BY)
        .doesNotContainAnyElementsOf(ALSO_INHERITED);
  }

  @ParameterizedTest
  @ValueSource(strings = {"gateway", "auditor"})
  void unitsGiveNothingToWhoIsNotPrivileged(String service) {
    Unit unit = Unit.of(service);
    Privileges allowed = Privileges.allowed().get(service);
    assertThat(unit.value("User")).isEqualTo("caisson-" + service);
    assertThat(unit.value("Group")).isEqualTo("caisson-" + service);
    assertThat(unit.capabilities()).isEqualTo(allowed.capabilities());
    assertThat(unit.value("AmbientCapabilities")).isEmpty();
    assertThat(unit.value("ProtectSystem")).isEqualTo("strict");
    assertThat(unit.writable())
        .isEqualTo(
            allowed.mounts().entrySet().stream()
                .filter(mount -> mount.getValue().equals("rw"))
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet()));
    for (String key : HELD_BY) {
      assertThat(unit.value(key)).as(key).isEqualTo("yes");
    }
    assertThat(unit.value("SystemCallFilter")).isEqualTo("@system-service ~@privileged");
    assertThat(unit.value("PrivateUsers"))
        .as("callers are known by their numbers")
        .isNotEqualTo("yes");
  }

  @Test
  void otherImagesAreGivenNothing() {
    assertThat(Compose.of(COMPOSE))
        .filteredOn(service -> OTHERS.contains(service.name()))
        .hasSameSizeAs(OTHERS)
        .allSatisfy(service ->
            assertThat(service.keys().keySet())
                .isSubsetOf(
                    "image",
                    "entrypoint",
                    "command",
                    "user",
                    "network_mode",
                    "depends_on",
                    "environment",
                    "networks",
                    "restart",
                    "volumes"));
  }

  /**
   * A volume is at one place, wherever it is mounted, and only the executor sees what is the
   * host's.
   */
  @Test
  void whatIsMountedIsWhatItsPlaceSays() {
    Map<String, String> places = new HashMap<>();
    Map<String, String> volumes = new HashMap<>();
    for (Compose service : Compose.of(COMPOSE)) {
      for (Compose.Volume volume : service.volumes()) {
        if (Documents.map(Documents.yaml(COMPOSE).get("volumes")).containsKey(volume.source())) {
          assertThat(places.merge(volume.source(), volume.target(), (one, other) -> one))
              .isEqualTo(volume.target());
          assertThat(volumes.merge(volume.target(), volume.source(), (one, other) -> one))
              .isEqualTo(volume.source());
        } else {
          assertThat(OF_THE_HOST).containsEntry(volume.source(), volume.target());
          assertThat(service.name()).isEqualTo("executor");
        }
      }
    }
    assertThat(places).hasSizeGreaterThan(5);
  }

  @Test
  void networksHaveNoWayOut() {
    Map<String, Object> networks = Documents.map(Documents.yaml(COMPOSE).get("networks"));
    assertThat(networks.keySet()).containsExactlyInAnyOrder("record", "trail");
    networks
        .values()
        .forEach(network ->
            assertThat(Documents.map(network)).containsExactly(Map.entry("internal", true)));
  }

  @Test
  void everythingHasAReason() {
    Map<String, String> reasons = Privileges.reasons();
    assertThat(reasons).hasSizeGreaterThan(30);
    reasons.forEach((what, why) -> assertThat(why.strip()).as(what).hasSizeGreaterThan(8));
  }

  @Test
  void onlyTheExecutorHasAnyPower() {
    Privileges.allowed()
        .forEach((name, privileges) -> {
          if (!name.equals("executor")) {
            assertThat(privileges.user()).as(name).isNotEqualTo("root");
            assertThat(privileges.capabilities()).as(name).isEmpty();
            assertThat(privileges.hostNamespaces()).as(name).isEmpty();
            assertThat(privileges.unconfined()).as(name).isEmpty();
          }
        });
    assertThat(Privileges.allowed().get("executor"))
        .satisfies(executor -> assertThat(executor.networks()).containsExactly("none"));
  }
}
