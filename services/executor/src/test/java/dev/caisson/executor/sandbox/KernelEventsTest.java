package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.executor.cgroup.Cgroups;
import dev.caisson.executor.disk.Disk;
import dev.caisson.executor.journal.Journal;
import dev.caisson.executor.journal.JournalReader;
import dev.caisson.executor.journal.JournalSettings;
import dev.caisson.executor.journal.Journals;
import dev.caisson.executor.journal.LogRecord;
import dev.caisson.executor.journal.Position;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.linux.Kernel;
import dev.caisson.proto.events.v1.ContainerUsage;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Event.PayloadCase;
import dev.caisson.proto.events.v1.ExecutorStarted;
import dev.caisson.proto.events.v1.MemoryPressure;
import dev.caisson.proto.events.v1.OomKilled;
import dev.caisson.proto.events.v1.PidsLimitReached;
import dev.caisson.proto.events.v1.UsageSample;
import dev.caisson.proto.types.v1.ExitStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** On files as a host with version 2 alone has them. */
@Timeout(120)
class KernelEventsTest {
  private static final String SANDBOX = "/sandbox-1";
  private static final String CONTAINER = SANDBOX + "/ctr-1";
  private static final int PRESSURE = 20;

  @TempDir Path directory;
  private Journal journal;
  private KernelEvents events;
  private Sandbox sandbox;
  private Container container;
  private long now;
  private long cpu;

  @BeforeEach
  void open() throws IOException {
    Files.createDirectories(directory.resolve("tree" + CONTAINER));
    Files.writeString(directory.resolve("tree/cgroup.controllers"), "cpu memory pids\n");
    Path mountinfo = directory.resolve("mountinfo");
    Files.writeString(
        mountinfo, "30 24 0:26 / " + directory.resolve("tree") + " rw - cgroup2 cgroup2 rw\n");
    Cgroups cgroups = Cgroups.detect(Kernel.open().files(), mountinfo);
    sandbox =
        new Sandbox(
            SandboxRecord.newBuilder().setUid("s").setId("box").setTenant("acme").build(),
            cgroups.open(SANDBOX),
            new ArrayDeque<>(),
            Runnable::run);
    container =
        new Container(
            sandbox,
            cgroups.open(CONTAINER),
            ContainerRecord.newBuilder().setUid("c").setId("web").build());
    sandbox.containersByUid().put("c", container);
    begin();
  }

  @AfterEach
  void close() {
    journal.close();
  }

  /** A life of the executor. */
  private void begin() {
    journal =
        Journal.open(
            JournalSettings.defaults(directory.resolve("journal"), "n"),
            Journals.unsigned(),
            Clock.systemUTC(),
            () -> new byte[16],
            ExecutorStarted.getDefaultInstance(),
            new Disk());
    events = new KernelEvents(journal, new Recorder(journal), PRESSURE, () -> now);
  }

  private void restart() {
    journal.close();
    container = new Container(sandbox, container.cgroup(), container.record());
    sandbox.containersByUid().put("c", container);
    begin();
  }

  private void set(String cgroup, String file, String text) throws IOException {
    Files.writeString(directory.resolve("tree" + cgroup).resolve(file), text);
  }

  private void kills(int kills, int ooms, int oomsOfSandbox) throws IOException {
    set(CONTAINER, "memory.events", "max 1\noom " + ooms + "\noom_kill " + kills + "\n");
    set(SANDBOX, "memory.events.local", "max 1\noom " + oomsOfSandbox + "\noom_kill 0\n");
  }

  /** As with a sample, in which the container has run. */
  private void look() {
    cpu++;
    lookAgain();
  }

  private void lookAgain() {
    events.look(
        sandbox,
        UsageSample.newBuilder()
            .setCgroupNanos(cpu)
            .addContainers(ContainerUsage.newBuilder().setContainerUid("c").setCpuNanos(cpu))
            .build());
  }

  private List<Event> told(PayloadCase payload) throws Exception {
    List<Event> told = new ArrayList<>();
    try (JournalReader reader = journal.read(Position.BEFORE_ALL)) {
      reader.awaitWritten();
      for (LogRecord record : reader.poll(1_000, 1 << 20)) {
        told.add(Event.parseFrom(record.bytes()));
      }
    }
    return told.stream().filter(event -> event.getPayloadCase() == payload).toList();
  }

  private List<OomKilled> killed() throws Exception {
    return told(PayloadCase.OOM_KILLED).stream().map(Event::getOomKilled).toList();
  }

  private static OomKilled killed(long kills, String limitOf) {
    return OomKilled.newBuilder().setKills(kills).setLimitOf(limitOf).build();
  }

  private List<PidsLimitReached> refused() throws Exception {
    return told(PayloadCase.PIDS_LIMIT_REACHED).stream().map(Event::getPidsLimitReached).toList();
  }

  private static PidsLimitReached refused(long refusals, long limit, String limitOf) {
    return PidsLimitReached.newBuilder()
        .setRefusals(refusals)
        .setLimit(limit)
        .setLimitOf(limitOf)
        .build();
  }

  @Test
  void tellsEachTotalOfKillsOnceAndWhoseLimitItWas() throws Exception {
    kills(0, 0, 0);
    look();
    kills(2, 1, 0);
    look();
    look();
    kills(3, 1, 1);
    look();
    kills(4, 1, 1);
    look();
    kills(5, 2, 2);
    look();

    assertThat(killed())
        .containsExactly(
            killed(2, "container"), killed(3, "sandbox"), killed(4, "host"), killed(5, ""));
    assertThat(told(PayloadCase.OOM_KILLED).getFirst().getSubject().getContainerUid())
        .isEqualTo("c");
  }

  @Test
  void doesNotLookAtWhatHasNotRun() throws Exception {
    look();
    kills(2, 1, 0);
    lookAgain();
    assertThat(killed()).isEmpty();
    look();
    assertThat(killed()).hasSize(1);
  }

  @Test
  void tellsAfterARestartWhatHappenedMeanwhileAndNothingAgain() throws Exception {
    kills(2, 1, 0);
    set(CONTAINER, "pids.events", "max 5\n");
    look();
    restart();
    look();
    assertThat(killed()).hasSize(1);
    assertThat(refused()).hasSize(1);
    kills(3, 2, 0);
    restart();
    look();
    assertThat(killed()).containsExactly(killed(2, "container"), killed(3, "container"));
  }

  @Test
  void tellsOfKillsBeforeTheEndThatTheyExplainAndNotAgain() throws Exception {
    kills(1, 1, 0);
    ExitStatus status = ExitStatus.newBuilder().setSignal(9).setOutOfMemory(true).build();
    events.ended(container, status);
    look();
    events.ended(container, status);
    assertThat(killed()).containsExactly(killed(1, "container"));
  }

  @Test
  void tellsOfAKillThatIsKnownThoughItsCgroupIsGone() throws Exception {
    events.ended(container, ExitStatus.newBuilder().setOutOfMemory(true).build());
    assertThat(killed()).containsExactly(killed(1, ""));
  }

  @Test
  void tellsRefusedForksAtOnceThenEachMinuteAndTheRestAtTheEnd() throws Exception {
    set(CONTAINER, "pids.current", "7\n");
    set(CONTAINER, "pids.max", "8\n");
    set(CONTAINER, "pids.peak", "8\n");
    set(CONTAINER, "pids.events", "max 5\n");
    look();
    set(CONTAINER, "pids.events", "max 5000\n");
    now += KernelEvents.REPEATED.toNanos() - 1;
    look();
    assertThat(refused()).containsExactly(refused(5, 8, "container"));
    now++;
    look();
    set(CONTAINER, "pids.events", "max 5001\n");
    look();
    events.last(container);
    set(CONTAINER, "pids.events", "max 5002\n");
    look();
    events.last(container);

    assertThat(refused())
        .containsExactly(
            refused(5, 8, "container"),
            refused(5000, 8, "container"),
            refused(5001, 8, "container"));
  }

  @Test
  void saysOfRefusedForksWhoseLimitWasReached() throws Exception {
    set(CONTAINER, "pids.current", "7\n");
    set(CONTAINER, "pids.max", "80\n");
    set(CONTAINER, "pids.peak", "8\n");
    set(CONTAINER, "pids.events", "max 1\n");
    set(SANDBOX, "pids.current", "9\n");
    set(SANDBOX, "pids.max", "9\n");
    look();
    set(SANDBOX, "pids.max", "max\n");
    set(CONTAINER, "pids.events", "max 2\n");
    events.last(container);
    assertThat(refused()).containsExactly(refused(1, 9, "sandbox"), refused(2, 0, "host"));
  }

  /** Where the kernel counts them there. */
  @Test
  void tellsRefusalsOfTheSandboxesOwnLimitOfIt() throws Exception {
    set(SANDBOX, "pids.current", "9\n");
    set(SANDBOX, "pids.max", "9\n");
    set(SANDBOX, "pids.events.local", "max 3\n");
    look();
    assertThat(refused()).containsExactly(refused(3, 9, "sandbox"));
    assertThat(told(PayloadCase.PIDS_LIMIT_REACHED).getFirst().getSubject().getContainerUid())
        .isEmpty();
    set(SANDBOX, "pids.events.local", "max 4\n");
    events.last(sandbox);
    look();
    assertThat(refused()).hasSize(2);
  }

  private void pressure(int some, int full) throws IOException {
    String averages = " avg10=0.00 avg60=0.00 avg300=0.00 total=";
    set(CONTAINER, "memory.pressure", "some" + averages + some + "\nfull" + averages + full + "\n");
  }

  @Test
  void tellsPressureOfAWindowOnceAMinute() throws Exception {
    int share = (int) (KernelEvents.WINDOW.toMillis() * 1_000 / 100 * PRESSURE);
    pressure(1_000, 10);
    look();
    pressure(1_000 + share - 1, 20);
    nextWindow();
    pressure(1_000 + 2 * share - 1, 40);
    nextWindow();
    pressure(1_000 + 9 * share, 50);
    nextWindow();

    assertThat(told(PayloadCase.MEMORY_PRESSURE))
        .extracting(Event::getMemoryPressure)
        .containsExactly(
            MemoryPressure.newBuilder()
                .setSomeMicroseconds(share)
                .setFullMicroseconds(20)
                .setWindowMicroseconds(KernelEvents.WINDOW.toNanos() / 1_000)
                .build());
  }

  /** Even if it does not run: it waits. */
  private void nextWindow() {
    now += KernelEvents.WINDOW.toNanos();
    lookAgain();
  }

  @Test
  void aJournalThatFailsStopsNoSample() throws Exception {
    kills(1, 1, 0);
    journal.close();
    look();
    begin();
    look();
    assertThat(killed()).containsExactly(killed(1, "container"));
  }
}
