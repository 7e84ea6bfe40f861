package dev.caisson.record;

import com.google.protobuf.ByteString;
import dev.caisson.executor.disk.Disk;
import dev.caisson.executor.journal.Denials;
import dev.caisson.executor.journal.Intent;
import dev.caisson.executor.journal.Journal;
import dev.caisson.executor.journal.JournalService;
import dev.caisson.executor.journal.JournalSettings;
import dev.caisson.executor.journal.Signing;
import dev.caisson.executor.journal.SigningKey;
import dev.caisson.executor.journal.UsageLog;
import dev.caisson.executor.journal.UsageLogSettings;
import dev.caisson.model.Uid7;
import dev.caisson.proto.events.v1.ContainerCreated;
import dev.caisson.proto.events.v1.ContainerDeleted;
import dev.caisson.proto.events.v1.ContainerExited;
import dev.caisson.proto.events.v1.ContainerStarted;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.ExecutorStarted;
import dev.caisson.proto.events.v1.SandboxCreated;
import dev.caisson.proto.events.v1.SandboxDeleted;
import dev.caisson.proto.events.v1.Subject;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.rpc.GrpcServer;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * The executor's journal, by its own code, without an executor: events of containers that never
 * were, as evenly as they come in a time. Then it serves until it is killed.
 */
final class JournalProcess {

  /** As a gateway sends it: an event is then some 300 bytes. */
  private static final Actor.Builder ACTOR =
      Actor.newBuilder()
          .setPrincipal("spiffe://example.org/ci/build")
          .setMethod("peer-credentials")
          .setTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
          .setPeer("60901");

  private static final String BOOT = "00000000-0000-0000-0000-000000000001";

  private final Journal journal;
  private final Uid7 uids;
  private long events = 1; // the journal's own first

  private JournalProcess(Journal journal, Uid7 uids) {
    this.journal = journal;
    this.uids = uids;
  }

  /**
   * Arguments: a directory, the socket, the node, how many events, in how many seconds; 0: as fast
   * as the journal takes them.
   */
  public static void main(String[] args) throws Exception {
    Path data = Path.of(args[0]);
    long count = Long.parseLong(args[3]);
    Duration time = Duration.ofSeconds(Long.parseLong(args[4]));
    Clock clock = Clock.systemUTC();
    Uid7 uids = new Uid7(clock, new SecureRandom());
    try (Journal journal = journal(data, args[2], clock, uids);
        UsageLog usage = usage(data, args[2], journal.epoch(), clock);
        GrpcServer server =
            GrpcServer.unix(Path.of(args[1]))
                .peers(peer -> peer.isUser("0"))
                .domain("test")
                .errors(_ -> null)
                .services(
                    List.of(
                        new JournalService(journal, usage, new Denials(journal, clock, "gateway"))))
                .start()) {
      long written = new JournalProcess(journal, uids).write(count, time);
      Path done = Files.writeString(data.resolve("done.new"), Long.toString(written));
      Files.move(done, data.resolve("done"));
      server.await();
    }
  }

  private static Journal journal(Path data, String node, Clock clock, Uid7 uids) throws Exception {
    Supplier<byte[]> ids = () -> bytes(uids.next().value());
    return Journal.open(
        JournalSettings.defaults(data.resolve("journal"), node),
        Signing.usual(SigningKey.of(data)),
        clock,
        ids,
        ExecutorStarted.newBuilder().setVersion("test").setBootId(BOOT).build(),
        new Disk());
  }

  private static UsageLog usage(Path data, String node, long epoch, Clock clock) {
    return UsageLog.open(
        UsageLogSettings.defaults(data.resolve("usage"), node, epoch, BOOT), clock);
  }

  private static byte[] bytes(UUID uuid) {
    return ByteBuffer.allocate(2 * Long.BYTES)
        .putLong(uuid.getMostSignificantBits())
        .putLong(uuid.getLeastSignificantBits())
        .array();
  }

  // Whole lives, so that none is open at the end.
  private long write(long count, Duration time) {
    long began = System.nanoTime();
    for (int sandbox = 0; events < count; sandbox++) {
      live("s" + sandbox);
      long due = began + (long) (time.toNanos() * ((double) events / count));
      LockSupport.parkNanos(due - System.nanoTime());
    }
    return events;
  }

  private void live(String sandbox) {
    Actor actor = ACTOR.clone().setRequestId(uid()).build();
    Subject subject =
        Subject.newBuilder()
            .setTenant("default")
            .setSandboxId(sandbox)
            .setSandboxUid(uid())
            .build();
    Subject container = subject.toBuilder().setContainerId("c").setContainerUid(uid()).build();
    Event ofSandbox = Event.newBuilder().setSubject(subject).setActor(actor).build();
    Event ofContainer = Event.newBuilder().setSubject(container).setActor(actor).build();
    both(ofSandbox.toBuilder().setSandboxCreated(SandboxCreated.getDefaultInstance()));
    both(ofContainer.toBuilder().setContainerCreated(created()));
    both(ofContainer.toBuilder().setContainerStarted(ContainerStarted.getDefaultInstance()));
    journal.append(
        ofContainer.toBuilder().setContainerExited(ContainerExited.getDefaultInstance()));
    events++;
    both(ofContainer.toBuilder().setContainerDeleted(ContainerDeleted.getDefaultInstance()));
    both(ofSandbox.toBuilder().setSandboxDeleted(SandboxDeleted.getDefaultInstance()));
  }

  private static ContainerCreated created() {
    return ContainerCreated.newBuilder()
        .setPlanSha256(ByteString.copyFrom(new byte[32]))
        .addArgs("/usr/bin/worker")
        .addArgs("--queue=mail")
        .build();
  }

  private void both(Event.Builder draft) {
    Intent intent = journal.intent(draft);
    intent.succeeded();
    events += 2;
  }

  /** As the executor makes them: each sorts after those before, which is cheap for an index. */
  private String uid() {
    return uids.next().value().toString();
  }
}
