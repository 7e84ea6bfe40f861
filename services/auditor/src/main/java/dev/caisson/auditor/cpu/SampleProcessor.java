package dev.caisson.auditor.cpu;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.auditor.cpu.Kept.Ended;
import dev.caisson.auditor.cpu.Kept.Forgotten;
import dev.caisson.auditor.cpu.Kept.Living;
import dev.caisson.auditor.cpu.Verdict.Charged;
import dev.caisson.auditor.cpu.Verdict.Stale;
import dev.caisson.events.Keys;
import dev.caisson.proto.events.v1.UsageSample;
import java.time.Duration;
import java.util.Objects;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Charges each sample to its sandbox's account. What cannot be charged is counted and left out, as
 * if it had been lost: the sums hold all the same.
 */
final class SampleProcessor extends ContextualProcessor<byte[], byte[], byte[], byte[]> {

  static final String STORE = "accounts";

  /** How often what is too old is looked for. */
  static final Duration FORGETTING = Duration.ofMinutes(10);

  private static final Logger LOG = LoggerFactory.getLogger(SampleProcessor.class);

  private final CpuMetrics metrics;
  private final Duration silentKept;
  private @Nullable Accounts accounts;

  SampleProcessor(CpuMetrics metrics, Duration silentKept) {
    this.metrics = metrics;
    this.silentKept = silentKept;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    super.init(context);
    accounts = new Accounts(context.getStateStore(STORE), silentKept);
    context.schedule(FORGETTING, PunctuationType.WALL_CLOCK_TIME, _ -> forgetOld());
  }

  // Before a record has come there is no time.
  private void forgetOld() {
    long now = now();
    if (now >= 0) {
      accounts().forgetOld(now);
    }
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    try {
      UsageSample message =
          UsageSample.parseFrom(record.value() == null ? new byte[0] : record.value());
      if (message.getSandboxUid().isEmpty()) {
        throw new IllegalArgumentException("sandbox_uid must not be empty");
      }
      if (record.key() == null || !Keys.of(message).equals(new String(record.key(), UTF_8))) {
        throw new IllegalArgumentException("key must be that of the sample's sandbox");
      }
      charge(record, message);
    } catch (InvalidProtocolBufferException | IllegalArgumentException | ArithmeticException e) {
      metrics.refused();
      LOG.debug("A sample was refused: {}", e.getMessage());
    }
  }

  private void charge(Record<byte[], byte[]> record, UsageSample message) {
    String key = new String(record.key(), UTF_8);
    switch (verdict(key, message)) {
      case Charged charged -> {
        accounts().put(key, kept(message, charged));
        charged.anomalies().forEach(metrics::found);
        context().forward(record.withValue(Samples.figures(message, charged).toByteArray()));
      }
      case Stale _ -> LOG.debug("A sample of {} was stale: {}", key, message.getSandboxSeq());
    }
  }

  private Verdict verdict(String key, UsageSample message) {
    Sample sample = Samples.of(message);
    return accounts()
        .find(key)
        .map(kept -> verdict(kept, sample))
        .orElseGet(() -> first(message, sample));
  }

  private static Verdict verdict(Kept kept, Sample sample) {
    return switch (kept) {
      case Living living -> Apportionment.charge(living.account(), sample);
      case Ended ended when sample.seq() <= ended.seq() -> new Stale();
      case Ended _ -> throw new IllegalArgumentException("nothing must follow the last sample");
      case Forgotten _ -> throw new IllegalArgumentException("key must be a sandbox's");
    };
  }

  // One that was charged before would be charged twice.
  private Verdict first(UsageSample message, Sample sample) {
    if (accounts().mayBeForgotten(message.getNode(), Samples.millis(message))) {
      throw new IllegalArgumentException("time must be after that of sandboxes long ended");
    }
    return Apportionment.charge(SandboxAccount.EMPTY, sample);
  }

  // What is final need not be gone on from.
  private Kept kept(UsageSample message, Charged charged) {
    return message.getLast()
        ? new Ended(charged.account().seq(), Samples.millis(message), now())
        : new Living(charged.account(), now());
  }

  /**
   * The time that records have come to: what still waits to be read is not late by it. Never ahead
   * of the clock, whatever time one record has.
   */
  private long now() {
    return Math.min(context().currentStreamTimeMs(), context().currentSystemTimeMs());
  }

  private Accounts accounts() {
    return Objects.requireNonNull(accounts);
  }
}
