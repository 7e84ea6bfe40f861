package dev.caisson.auditor.trail;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.caisson.events.HashChain;
import dev.caisson.events.JournalRecord;
import dev.caisson.model.Checkpoint;
import dev.caisson.model.NodeKey;
import dev.caisson.proto.events.v1.ContainerCreated;
import dev.caisson.proto.events.v1.ContainerDeleted;
import dev.caisson.proto.events.v1.ContainerExited;
import dev.caisson.proto.events.v1.ContainerStarted;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.ExecutorStarted;
import dev.caisson.proto.events.v1.Failure;
import dev.caisson.proto.events.v1.HookFinished;
import dev.caisson.proto.events.v1.HookStarted;
import dev.caisson.proto.events.v1.JournalCheckpoint;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.events.v1.RequestDenied;
import dev.caisson.proto.events.v1.SandboxCreated;
import dev.caisson.proto.events.v1.SandboxDeleted;
import dev.caisson.proto.events.v1.Subject;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.proto.types.v1.ExitStatus;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.Signature;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A node's journal as an executor would write it: numbers without gaps, chained, a second apart.
 */
public final class FakeJournal {

  private static final long FIRST_SECOND = 1_700_000_000;

  private final String node;
  private final List<JournalRecord> records = new ArrayList<>();
  private final Map<String, Long> sandboxSeqs = new HashMap<>();
  private ByteString chain = HashChain.GENESIS;
  private long epoch;
  private long seq;

  public FakeJournal(String node) {
    this.node = node;
  }

  public List<JournalRecord> records() {
    return records;
  }

  /** A new life of the executor. */
  public FakeJournal started() {
    ExecutorStarted started =
        ExecutorStarted.newBuilder()
            .setPreviousEpoch(epoch)
            .setPreviousSeq(seq)
            .setPreviousEnd(epoch == 0 ? "none" : "clean")
            .build();
    epoch++;
    seq = 0;
    return add("", "", event -> event.setPhase(Phase.OBSERVATION).setExecutorStarted(started));
  }

  public FakeJournal sandboxCreated(String sandbox) {
    return operation(
        sandbox, "", event -> event.setSandboxCreated(SandboxCreated.getDefaultInstance()));
  }

  public FakeJournal sandboxDeleted(String sandbox) {
    return operation(
        sandbox, "", event -> event.setSandboxDeleted(SandboxDeleted.getDefaultInstance()));
  }

  public FakeJournal created(String sandbox, String container) {
    return operation(
        sandbox,
        container,
        event -> event.setContainerCreated(ContainerCreated.getDefaultInstance()));
  }

  public FakeJournal started(String sandbox, String container) {
    return operation(
        sandbox,
        container,
        event -> event.setContainerStarted(ContainerStarted.getDefaultInstance()));
  }

  public FakeJournal exited(String sandbox, String container) {
    return exited(sandbox, container, 0);
  }

  public FakeJournal exited(String sandbox, String container, int code) {
    ExitStatus status = ExitStatus.newBuilder().setCode(code).build();
    return add(
        sandbox,
        container,
        event ->
            event
                .setPhase(Phase.OBSERVATION)
                .setContainerExited(ContainerExited.newBuilder().setStatus(status)));
  }

  /** An executor has died in between. */
  public FakeJournal cutOff(String sandbox, String container, Consumer<Event.Builder> payload) {
    Failure failure = Failure.newBuilder().setCode(10).setReason("ABORTED_BY_CRASH").build();
    return intent(sandbox, container, payload)
        .outcome(sandbox, container, payload.andThen(event -> event.setFailure(failure)));
  }

  public FakeJournal deleted(String sandbox, String container) {
    return operation(
        sandbox,
        container,
        event -> event.setContainerDeleted(ContainerDeleted.getDefaultInstance()));
  }

  public FakeJournal startFailed(String sandbox, String container) {
    Consumer<Event.Builder> payload =
        event -> event.setContainerStarted(ContainerStarted.getDefaultInstance());
    intent(sandbox, container, payload);
    return outcome(
        sandbox,
        container,
        payload.andThen(event -> event.setFailure(Failure.newBuilder().setCode(5))));
  }

  /** One that ends at once. */
  public FakeJournal hook(String sandbox, String container, String kind) {
    HookStarted started = HookStarted.newBuilder().setKind(kind).build();
    HookFinished finished = HookFinished.newBuilder().setKind(kind).build();
    return intent(sandbox, container, event -> event.setHookStarted(started))
        .outcome(sandbox, container, event -> event.setHookFinished(finished));
  }

  public FakeJournal denied(String sandbox) {
    RequestDenied denied = RequestDenied.newBuilder().setBy("guard").build();
    return add(sandbox, "", event -> event.setPhase(Phase.OBSERVATION).setRequestDenied(denied));
  }

  /** A whole life of a sandbox with one container: 11 records. */
  public FakeJournal life(String sandbox, String container) {
    return sandboxCreated(sandbox)
        .created(sandbox, container)
        .started(sandbox, container)
        .exited(sandbox, container)
        .deleted(sandbox, container)
        .sandboxDeleted(sandbox);
  }

  public FakeJournal operation(String sandbox, String container, Consumer<Event.Builder> payload) {
    return intent(sandbox, container, payload).outcome(sandbox, container, payload);
  }

  public FakeJournal intent(String sandbox, String container, Consumer<Event.Builder> payload) {
    return add(sandbox, container, payload.andThen(event -> event.setPhase(Phase.INTENT)));
  }

  /** Of the record before. */
  public FakeJournal outcome(String sandbox, String container, Consumer<Event.Builder> payload) {
    long intent = seq;
    return add(
        sandbox,
        container,
        payload.andThen(event -> event.setPhase(Phase.OUTCOME).setIntentSeq(intent)));
  }

  /** Signed by the node, as its executor does it, up to the record before. */
  public FakeJournal signed(KeyPair key) {
    return signed(key, false);
  }

  /** The same, and the executor ends in order. */
  public FakeJournal ended(KeyPair key) {
    return signed(key, true);
  }

  private FakeJournal signed(KeyPair key, boolean last) {
    long signedSeq = seq;
    ByteString signedChain = chain;
    Checkpoint checkpoint =
        new Checkpoint(
            node,
            epoch,
            signedSeq,
            HexFormat.of().formatHex(signedChain.toByteArray()),
            FIRST_SECOND + records.size(),
            0,
            last);
    JournalCheckpoint.Builder signed =
        JournalCheckpoint.newBuilder()
            .setNode(node)
            .setEpoch(epoch)
            .setSeq(signedSeq)
            .setChain(signedChain)
            .setTime(Timestamp.newBuilder().setSeconds(checkpoint.seconds()))
            .setKeyFingerprint(
                ByteString.copyFrom(NodeKey.of(key.getPublic().getEncoded()).fingerprint()))
            .setSignature(signature(key, checkpoint.message()))
            .setLast(last);
    return add(
        "",
        "",
        event -> event.clearActor().setPhase(Phase.OBSERVATION).setJournalCheckpoint(signed));
  }

  private static ByteString signature(KeyPair key, byte[] message) {
    try {
      Signature signature = Signature.getInstance("Ed25519");
      signature.initSign(key.getPrivate());
      signature.update(message);
      return ByteString.copyFrom(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  /** When its last record was made. */
  public Instant now() {
    return Instant.ofEpochSecond(FIRST_SECOND + records.size());
  }

  public FakeJournal add(String sandbox, String container, Consumer<Event.Builder> payload) {
    Event.Builder event =
        Event.newBuilder()
            .setId(id())
            .setNode(node)
            .setEpoch(epoch)
            .setSeq(++seq)
            .setTime(Timestamp.newBuilder().setSeconds(FIRST_SECOND + records.size()))
            .setActor(Actor.newBuilder().setPrincipal("uid:1000"));
    if (!sandbox.isEmpty()) {
      event.setSandboxSeq(sandboxSeqs.merge(sandbox, 1L, Long::sum));
      event.setSubject(subject(sandbox, container));
    }
    payload.accept(event);
    ByteString bytes = event.build().toByteString();
    chain = HashChain.next(chain, bytes);
    records.add(new JournalRecord(node, epoch, seq, bytes, chain));
    return this;
  }

  private ByteString id() {
    return ByteString.copyFrom(ByteBuffer.allocate(16).putLong(epoch).putLong(seq + 1).flip());
  }

  private static Subject subject(String sandbox, String container) {
    Subject.Builder subject =
        Subject.newBuilder()
            .setTenant("default")
            .setSandboxId(sandbox)
            .setSandboxUid("uid-" + sandbox);
    if (!container.isEmpty()) {
      subject.setContainerId(container).setContainerUid("uid-" + sandbox + "-" + container);
    }
    return subject.build();
  }
}
