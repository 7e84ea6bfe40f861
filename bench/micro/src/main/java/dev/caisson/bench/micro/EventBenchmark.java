package dev.caisson.bench.micro;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.caisson.events.HashChain;
import dev.caisson.events.JournalRecord;
import dev.caisson.events.Records;
import dev.caisson.proto.events.v1.ContainerStarted;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.events.v1.Subject;
import dev.caisson.proto.types.v1.Actor;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** An event on its way: its bytes, its link in the chain, and what the relay makes of it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class EventBenchmark {
  private final Event.Builder draft = draft();
  private final ByteString bytes = draft.build().toByteString();
  private final ByteString chain = HashChain.next(HashChain.GENESIS, bytes);
  private final JournalRecord journalled = new JournalRecord("node", 1, 2, bytes, chain);

  private static Event.Builder draft() {
    return Event.newBuilder()
        .setId(ByteString.copyFromUtf8("0123456789abcdef"))
        .setNode("node")
        .setEpoch(1)
        .setSeq(2)
        .setSandboxSeq(3)
        .setTime(Timestamp.newBuilder().setSeconds(1_767_225_600).setNanos(123_456_789))
        .setPhase(Phase.OUTCOME)
        .setSubject(
            Subject.newBuilder()
                .setTenant("default")
                .setSandboxId("sandbox")
                .setSandboxUid("0190b7c0-0000-7000-8000-000000000001")
                .setContainerId("container")
                .setContainerUid("0190b7c0-0000-7000-8000-000000000002"))
        .setActor(Actor.newBuilder().setPrincipal("uid:1000"))
        .setContainerStarted(ContainerStarted.getDefaultInstance());
  }

  @Benchmark
  public ByteString encode() {
    return draft.build().toByteString();
  }

  @Benchmark
  public ByteString chain() {
    return HashChain.next(chain, bytes);
  }

  /** With its headers. */
  @Benchmark
  public Object relay() {
    return Records.event(journalled);
  }
}
