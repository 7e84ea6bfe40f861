package dev.caisson.auditor.cpu;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.auditor.cpu.Verdict.Charged;
import dev.caisson.auditor.cpu.Verdict.Stale;
import dev.caisson.events.Keys;
import dev.caisson.proto.events.v1.UsageSample;
import java.util.Objects;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Charges each sample to its sandbox's account. What cannot be charged is counted and left out, as
 * if it had been lost: the sums hold all the same.
 */
final class SampleProcessor extends ContextualProcessor<byte[], byte[], byte[], byte[]> {

  static final String STORE = "accounts";

  private static final Logger LOG = LoggerFactory.getLogger(SampleProcessor.class);

  private final CpuMetrics metrics;
  private @Nullable KeyValueStore<String, byte[]> accounts;

  SampleProcessor(CpuMetrics metrics) {
    this.metrics = metrics;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    super.init(context);
    accounts = context.getStateStore(STORE);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    try {
      UsageSample message =
          UsageSample.parseFrom(record.value() == null ? new byte[0] : record.value());
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
    KeyValueStore<String, byte[]> store = Objects.requireNonNull(accounts);
    String key = new String(record.key(), UTF_8);
    byte[] stored = store.get(key);
    SandboxAccount before = stored == null ? SandboxAccount.EMPTY : AccountCodec.decode(stored);
    switch (Apportionment.charge(before, Samples.of(message))) {
      case Charged charged -> {
        store.put(key, AccountCodec.encode(charged.account()));
        charged.anomalies().forEach(metrics::found);
        context().forward(record.withValue(Samples.figures(message, charged).toByteArray()));
      }
      case Stale _ -> LOG.debug("A sample of {} was stale: {}", key, message.getSandboxSeq());
    }
  }
}
