package dev.caisson.auditor.cpu;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.auditor.cpu.Verdict.Charged;
import dev.caisson.proto.events.v1.ContainerUsage;
import dev.caisson.proto.events.v1.UsageSample;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * One sample of a sandbox: the charge alone, and all that the topology does for it but for Kafka's
 * part, from the bytes of the sample to those of the figures and of the account.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ApportionmentBenchmark {
  private static final long INTERVAL = 1_000_000_000;

  @Param({"1", "3", "30"})
  private int containers;

  private SandboxAccount account = SandboxAccount.EMPTY;
  private Sample sample = new Sample(1, java.util.OptionalLong.empty(), 0, java.util.List.of());
  private byte[] stored = {};
  private byte[] arrived = {};

  /** An account after one sample, and the next. */
  @Setup
  public void prepare() {
    Sample first = Samples.of(message(1));
    account = ((Charged) Apportionment.charge(SandboxAccount.EMPTY, first)).account();
    sample = Samples.of(message(2));
    stored = AccountCodec.encode(new Kept.Living(account, 0));
    arrived = message(2).toByteArray();
  }

  private UsageSample message(int seq) {
    UsageSample.Builder message =
        UsageSample.newBuilder()
            .setNode("node")
            .setTenant("default")
            .setSandboxId("sandbox")
            .setSandboxUid("0190b7c0-0000-7000-8000-000000000000")
            .setSandboxSeq(seq)
            .setCgroupNanos(seq * INTERVAL);
    for (int i = 0; i < containers; i++) {
      message.addContainers(
          ContainerUsage.newBuilder()
              .setContainerId("container-" + i)
              .setContainerUid("0190b7c0-0000-7000-8000-%012x".formatted(i + 1))
              .setCpuNanos(seq * (INTERVAL / 2 / containers + i))
              .setRunning(true));
    }
    return message.build();
  }

  @Benchmark
  public Object charge() {
    return Apportionment.charge(account, sample);
  }

  /** What the topology does for one sample. */
  @Benchmark
  public int step() throws InvalidProtocolBufferException {
    UsageSample message = UsageSample.parseFrom(arrived);
    Charged charged =
        (Charged)
            Apportionment.charge(
                ((Kept.Living) AccountCodec.decode(stored)).account(), Samples.of(message));
    byte[] account = AccountCodec.encode(new Kept.Living(charged.account(), 0));
    return account.length + Samples.figures(message, charged).toByteArray().length;
  }
}
