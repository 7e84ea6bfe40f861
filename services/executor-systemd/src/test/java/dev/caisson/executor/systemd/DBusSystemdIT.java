package dev.caisson.executor.systemd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.caisson.executor.cgroup.Systemd;
import dev.caisson.executor.cgroup.SystemdException;
import dev.caisson.executor.cgroup.SystemdException.Kind;
import dev.caisson.executor.cgroup.UnitProperty;
import dev.caisson.executor.cgroup.UnitProperty.Count;
import dev.caisson.executor.cgroup.UnitProperty.Flag;
import dev.caisson.executor.cgroup.UnitProperty.Ids;
import dev.caisson.executor.cgroup.UnitProperty.Pids;
import dev.caisson.executor.cgroup.UnitProperty.Text;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.UInt64;
import org.freedesktop.dbus.types.Variant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a message bus of the test's own, and one on it who answers as systemd would. */
class DBusSystemdIT {
  private static final String SCOPE = "cri-7f3a.scope";
  private static final Duration SHORT = Duration.ofMillis(300);

  @TempDir Path directory;
  private PrivateBus bus;
  private Peer peer;
  private DBusSystemd systemd;

  @BeforeEach
  void start() throws Exception {
    assumeTrue(
        Files.isExecutable(PrivateBus.PROGRAM),
        () -> "not checked without " + PrivateBus.PROGRAM + ": install dbus");
    bus = PrivateBus.start(directory);
    peer = new Peer(bus);
    systemd = new DBusSystemd(bus.address(), Duration.ofSeconds(30));
  }

  @AfterEach
  void end() throws Exception {
    if (systemd != null) {
      systemd.close();
      peer.close();
      bus.close();
    }
  }

  @Test
  void saysTheVersion() {
    assertThat(systemd.version()).isEqualTo("255 (255.4-1ubuntu8)");
  }

  @Test
  void saysWhichPidThisProcessHas() {
    assertThat(systemd.ownPid()).isEqualTo(ProcessHandle.current().pid());
  }

  @Test
  void isFoundByTheExecutor() {
    try (Systemd found = Systemd.load()) {
      assertThat(found).isInstanceOf(DBusSystemd.class);
    }
  }

  @Test
  void startsAScopeWithPropertiesOfEveryType() {
    BitSet cpus = new BitSet();
    cpus.set(0);
    cpus.set(9);
    systemd.startScope(
        SCOPE,
        List.of(
            new UnitProperty("Slice", new Text("caisson.slice")),
            new UnitProperty("Delegate", new Flag(true)),
            new UnitProperty("TasksMax", new Count(UnitProperty.INFINITY)),
            new UnitProperty("MemoryMax", new Count(67_108_864)),
            new UnitProperty("AllowedCPUs", new Ids(cpus)),
            new UnitProperty("PIDs", new Pids(List.of(7)))));

    assertThat(peer.calls).containsExactly("Subscribe", "StartTransientUnit " + SCOPE + " fail");
    assertProperty("Slice", "s", "caisson.slice");
    assertProperty("Delegate", "b", true);
    assertProperty("TasksMax", "t", new UInt64(new BigInteger("18446744073709551615")));
    assertProperty("MemoryMax", "t", new UInt64(67_108_864));
    assertProperty("AllowedCPUs", "ay", List.of((byte) 1, (byte) 2));
    assertProperty("PIDs", "au", List.of(new UInt32(7)));
  }

  private void assertProperty(String name, String signature, Object value) {
    Variant<?> found = peer.properties.get(name);
    assertThat(found.getSig()).as(name).isEqualTo(signature);
    assertThat(plain(found.getValue())).as(name).isEqualTo(value);
  }

  /** Arrays as lists. */
  private static Object plain(Object value) {
    return switch (value) {
      case byte[] bytes -> IntStream.range(0, bytes.length).mapToObj(i -> bytes[i]).toList();
      case Object[] objects -> List.of(objects);
      default -> value;
    };
  }

  @Test
  void setsPropertiesUntilTheUnitEnds() {
    systemd.startScope(SCOPE, List.of());
    systemd.set(SCOPE, List.of(new UnitProperty("TasksMax", new Count(33))));

    assertThat(peer.calls).contains("SetUnitProperties " + SCOPE + " true");
    assertProperty("TasksMax", "t", new UInt64(33));
  }

  @Test
  void saysThatAUnitIsThere() {
    systemd.startScope(SCOPE, List.of());

    assertFails(Kind.EXISTS, () -> systemd.startScope(SCOPE, List.of()), "was already loaded");
  }

  @Test
  void saysThatAUnitIsGone() {
    assertFails(Kind.GONE, () -> systemd.stop(SCOPE), "not loaded");
    assertFails(Kind.GONE, () -> systemd.resetFailed(SCOPE), "not loaded");
    assertFails(Kind.GONE, () -> systemd.set(SCOPE, List.of()), "not loaded");
  }

  @Test
  void startsSlicesAndListsUnits() {
    systemd.startSlice("caisson.slice");
    systemd.startScope("caisson-1.scope", List.of());
    peer.state("caisson-2.scope", "failed");

    assertThat(systemd.units("caisson-*.scope"))
        .containsExactlyInAnyOrder(
            new Systemd.Unit("caisson-1.scope", "active"),
            new Systemd.Unit("caisson-2.scope", "failed"));
    systemd.stop("caisson-1.scope");
    systemd.resetFailed("caisson-2.scope");
    assertThat(systemd.units("caisson*")).containsOnly(new Systemd.Unit("caisson.slice", "active"));
  }

  @Test
  void forgetsAScopeThatFailsToStart() {
    peer.result = "failed";

    assertFails(
        Kind.FAILED,
        () -> systemd.startScope(SCOPE, List.of()),
        "systemd did not start " + SCOPE + " (failed)");
    assertThat(peer.calls).contains("ResetFailedUnit " + SCOPE);
  }

  @Test
  void doesNotWaitForeverForAJob() {
    peer.result = "";
    try (DBusSystemd hasty = new DBusSystemd(bus.address(), SHORT)) {
      assertFails(
          Kind.FAILED, () -> hasty.startScope(SCOPE, List.of()), "(" + JobWait.TIMEOUT + ")");
    }
  }

  @Test
  void hearsSystemdAloneHoweverLoudOthersAre() throws Exception {
    try (DBusConnection other = bus.join()) {
      peer.ending =
          job -> {
            for (int i = 0; i < 1000; i++) {
              Peer.tell(other, job, SCOPE, "failed");
            }
            assertThat(other.getDBusOwnerName(Peer.NAME))
                .as("all of them are on the bus")
                .isNotNull();
          };
      systemd.startScope(SCOPE, List.of());
    }
    assertThat(systemd.units(SCOPE)).containsExactly(new Systemd.Unit(SCOPE, "active"));
  }

  @Test
  void startsManyAtOnce() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(16)) {
      List<CompletableFuture<Void>> starts =
          IntStream.range(0, 64)
              .mapToObj(i -> "many-" + i + ".scope")
              .map(unit ->
                  CompletableFuture.runAsync(() -> systemd.startScope(unit, List.of()), threads))
              .toList();
      starts.forEach(CompletableFuture::join);
    }
    assertThat(systemd.units("many-*")).hasSize(64);
  }

  @Test
  void connectsAgainAfterTheBusHasGone() throws Exception {
    assertThat(systemd.version()).startsWith("255");
    peer.close();
    bus.close();
    assertFails(Kind.UNREACHABLE, systemd::version, "see that dbus.socket is active");

    bus = PrivateBus.start(directory);
    peer = new Peer(bus);

    systemd.startScope(SCOPE, List.of());
    assertThat(peer.calls).contains("StartTransientUnit " + SCOPE + " fail");
  }

  @Test
  void noticesThatTheBusGoesBeforeItHasAnswered() {
    peer.meanwhile = bus::close;

    assertFails(Kind.UNREACHABLE, systemd::version, "see that dbus.socket is active");
  }

  @Test
  void findsSystemdAgainThatHasExecutedItselfAnew() throws Exception {
    systemd.startScope(SCOPE, List.of());
    peer.close();
    assertFails(Kind.UNREACHABLE, systemd::version, "start the executor with");

    peer = new Peer(bus);

    systemd.startScope(SCOPE, List.of());
    assertThat(peer.calls).containsExactly("Subscribe", "StartTransientUnit " + SCOPE + " fail");
    systemd.stop(SCOPE);
    assertThat(peer.calls).as("it is listened to").hasSize(3);
  }

  @Test
  void takesItWellThatItHasBeenSubscribedBefore() throws Exception {
    systemd.startScope(SCOPE, List.of());
    peer.close();
    peer = new Peer(bus);
    peer.subscribed = true;

    systemd.startScope(SCOPE, List.of());
    assertThat(systemd.units(SCOPE)).containsExactly(new Systemd.Unit(SCOPE, "active"));
  }

  @Test
  void hearsOfAJobThatEndsWhenSystemdHasExecutedItselfAnew() throws Exception {
    CompletableFuture<String> begun = new CompletableFuture<>();
    peer.result = "";
    peer.ending = begun::complete;
    CompletableFuture<Void> start =
        CompletableFuture.runAsync(() -> systemd.startScope(SCOPE, List.of()));
    String job = begun.get(10, TimeUnit.SECONDS);
    peer.leave();
    try (Peer anew = new Peer(bus, one -> one.subscribing = () -> one.end(job, SCOPE))) {
      start.get(20, TimeUnit.SECONDS);
      assertThat(anew.calls).containsExactly("Subscribe");
    }
  }

  @Test
  void saysThatSystemdIsNotThereWhenItIsToStartSomething() throws Exception {
    systemd.startScope(SCOPE, List.of());
    peer.close();
    assertFails(
        Kind.UNREACHABLE, () -> systemd.startScope("x.scope", List.of()), "does not answer");
  }

  @Test
  void saysWhatToDoWithoutABus() {
    try (DBusSystemd alone = new DBusSystemd("unix:path=" + directory.resolve("none"), SHORT)) {
      assertFails(Kind.UNREACHABLE, alone::version, "see that dbus.socket is active");
    }
  }

  private static void assertFails(Kind kind, ThrowingCallable call, String words) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(SystemdException.class, e -> assertThat(e.kind()).isEqualTo(kind))
        .hasMessageContaining(words);
  }
}
