package dev.caisson.bench;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import dev.caisson.events.ClientSettings;
import dev.caisson.events.Records;
import dev.caisson.events.Topic;
import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.ContainerUsage;
import dev.caisson.proto.events.v1.CpuApportioned;
import dev.caisson.proto.events.v1.UsageSample;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;

/**
 * Measures how many samples the auditor apportions: the running service with its topology, tables
 * and metrics, at the running broker, exactly once. The samples are made up and published as the
 * relay does, all sandboxes' in one transaction. It fails where figures are missing, come twice, or
 * do not sum to the cgroup's usage.
 *
 * <p>Arguments, in pairs: {@code --kafka} HOST:PORT, {@code --auditor} its PID, {@code --sandboxes}
 * N, {@code --containers} N of each, {@code --samples} N of each, {@code --results} FILE.
 */
public final class Apportion {
  /** Before it is measured, so that what is compiled is compiled: a part of as many. */
  private static final int WARM_UP_PART = 2;

  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final Duration POLL = Duration.ofMillis(200);
  private static final long INTERVAL = 1_000_000_000;

  private final String kafka;
  private final ServiceProcess auditor;
  private final int sandboxes;
  private final int containers;
  private final String run = "apportion-" + ProcessHandle.current().pid();
  private final long[] charged;

  private Apportion(String kafka, ServiceProcess auditor, int sandboxes, int containers) {
    this.kafka = kafka;
    this.auditor = auditor;
    this.sandboxes = sandboxes;
    this.containers = containers;
    this.charged = new long[sandboxes];
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> options = Arguments.pairs(args);
    int samples = Integer.parseInt(Arguments.required(options, "--samples"));
    Apportion apportion =
        new Apportion(
            Arguments.required(options, "--kafka"),
            new ServiceProcess(Long.parseLong(Arguments.required(options, "--auditor"))),
            Integer.parseInt(Arguments.required(options, "--sandboxes")),
            Integer.parseInt(Arguments.required(options, "--containers")));
    ApportionReport report = apportion.measure(samples);
    System.out.print(report.text());
    report.write(Path.of(Arguments.required(options, "--results")));
  }

  private ApportionReport measure(int samples) throws IOException, InvalidProtocolBufferException {
    try (KafkaConsumer<byte[], byte[]> figures = figures();
        KafkaProducer<byte[], byte[]> relay =
            new KafkaProducer<>(ClientSettings.of(kafka).transactionalProducer(run))) {
      relay.initTransactions();
      int warm = Math.max(1, samples / WARM_UP_PART);
      publish(relay, 1, warm);
      await(figures, warm);
      Duration before = auditor.count().cpu();
      long began = System.nanoTime();
      publish(relay, warm + 1, warm + samples);
      await(figures, warm + samples);
      Duration took = Duration.ofNanos(System.nanoTime() - began);
      Duration cpu = auditor.count().cpu().minus(before);
      publishLast(relay, warm + samples + 1);
      return new ApportionReport(
          Instant.now(),
          System.getProperty("os.version", ""),
          Runtime.getRuntime().availableProcessors(),
          sandboxes,
          containers,
          (long) sandboxes * samples,
          took,
          cpu);
    }
  }

  /** From now on, committed ones alone. */
  private KafkaConsumer<byte[], byte[]> figures() {
    KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(ClientSettings.of(kafka).committedConsumer());
    List<TopicPartition> partitions =
        IntStream.range(0, Topic.CPU.partitions())
            .mapToObj(partition -> new TopicPartition(Topic.CPU.topicName(), partition))
            .toList();
    consumer.assign(partitions);
    consumer.seekToEnd(partitions);
    partitions.forEach(consumer::position);
    return consumer;
  }

  private void publish(KafkaProducer<byte[], byte[]> relay, int from, int to) {
    for (int seq = from; seq <= to; seq++) {
      publish(relay, seq, false);
    }
  }

  /** So that nothing of them is kept longer than it must. */
  private void publishLast(KafkaProducer<byte[], byte[]> relay, int seq) {
    publish(relay, seq, true);
  }

  private void publish(KafkaProducer<byte[], byte[]> relay, int seq, boolean last) {
    relay.beginTransaction();
    for (int sandbox = 0; sandbox < sandboxes; sandbox++) {
      UsageSample sample = sample(sandbox, seq).setLast(last).build();
      var _ = relay.send(Records.usage("bench", sample.toByteString()));
    }
    relay.commitTransaction();
  }

  private UsageSample.Builder sample(int sandbox, int seq) {
    UsageSample.Builder sample =
        UsageSample.newBuilder()
            .setNode("bench")
            .setTenant("bench")
            .setSandboxId(run + "-" + sandbox)
            .setSandboxUid(run + "-" + sandbox)
            .setSandboxSeq(seq)
            .setTime(Timestamp.newBuilder().setSeconds(Instant.now().getEpochSecond()))
            .setCgroupNanos(seq * INTERVAL + sandbox);
    for (int container = 0; container < containers; container++) {
      sample.addContainers(
          ContainerUsage.newBuilder()
              .setContainerId("container-" + container)
              .setContainerUid(run + "-" + sandbox + "-" + container)
              .setCpuNanos(seq * (INTERVAL / 2 / containers + container))
              .setRunning(true));
    }
    return sample;
  }

  private void await(KafkaConsumer<byte[], byte[]> figures, int seq)
      throws InvalidProtocolBufferException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    long missing = IntStream.range(0, sandboxes).mapToLong(i -> seq - charged[i]).sum();
    while (missing > 0) {
      require(System.nanoTime() < deadline, "figures must come within 5 min; missing: " + missing);
      for (ConsumerRecord<byte[], byte[]> record : figures.poll(POLL)) {
        missing -= taken(CpuApportioned.parseFrom(record.value()));
      }
    }
  }

  /** Of others: 0. */
  private int taken(CpuApportioned figures) {
    if (!figures.getSandboxId().startsWith(run + "-")) {
      return 0;
    }
    int sandbox = Integer.parseInt(figures.getSandboxId().substring(run.length() + 1));
    long seq = ++charged[sandbox];
    require(figures.getSandboxSeq() == seq, "figures must come once, in order: " + figures);
    long sum =
        figures.getContainersList().stream().mapToLong(ContainerCpu::getTotalNanos).sum()
            + figures.getUnattributedNanos();
    require(sum == seq * INTERVAL + sandbox, "charges must sum to the cgroup's usage: " + figures);
    return 1;
  }

  private static void require(boolean holds, String rule) {
    if (!holds) {
      throw new IllegalStateException(rule);
    }
  }
}
