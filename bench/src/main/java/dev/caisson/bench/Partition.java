package dev.caisson.bench;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.events.ClientSettings;
import dev.caisson.events.Topic;
import dev.caisson.proto.audit.v1.AuditGrpc;
import dev.caisson.proto.audit.v1.SearchTrailRequest;
import dev.caisson.proto.events.v1.CpuApportioned;
import dev.caisson.rpc.Channels;
import io.grpc.ManagedChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Puts one partition's share of a fleet's record into Kafka, at the fleet's rate, and measures what
 * that costs the broker and the auditor, how far the auditor falls behind, and how much there is of
 * it. It fails where a figure of a sample, or the last event, does not come.
 *
 * <p>Arguments, in pairs: {@code --socket} of the gateway, {@code --audit} that of the auditor,
 * {@code --bundle} DIR, {@code --kafka} HOST:PORT, {@code --broker} and {@code --auditor} PID,
 * {@code --nodes}, {@code --sandboxes} N of each, {@code --partitions} N, {@code --seconds} N,
 * {@code --results} FILE.
 */
public final class Partition {
  private static final Duration LIFE = Duration.ofHours(1);
  private static final Duration PERIOD = Duration.ofSeconds(1);
  private static final Duration LINGER = Duration.ofSeconds(1);
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Duration POLL = Duration.ofMillis(20);
  private static final int WARM_UP_SECONDS = 10;

  private final ClientSettings kafka;
  private final PartitionShare share;
  private final AuditGrpc.AuditBlockingStub audit;
  private final List<Long> lags = new ArrayList<>();
  private long sent;
  private long charged;
  private String lastSandbox = "";

  private Partition(ClientSettings kafka, PartitionShare share, ManagedChannel audit) {
    this.kafka = kafka;
    this.share = share;
    this.audit = AuditGrpc.newBlockingStub(audit);
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> options = Arguments.pairs(args);
    ClientSettings kafka = ClientSettings.of(Arguments.required(options, "--kafka"));
    RecordedLife life = life(options, kafka);
    Fleet fleet =
        new Fleet(
            Integer.parseInt(Arguments.required(options, "--nodes")),
            Integer.parseInt(Arguments.required(options, "--sandboxes")),
            LIFE,
            PERIOD,
            LINGER,
            Integer.parseInt(Arguments.required(options, "--partitions")));
    ManagedChannel audit = Channels.unix(Path.of(Arguments.required(options, "--audit")));
    try {
      Partition partition = new Partition(kafka, new PartitionShare(fleet, life, 0), audit);
      PartitionReport report =
          partition.measure(
              fleet,
              life,
              Services.of(options),
              Integer.parseInt(Arguments.required(options, "--seconds")));
      System.out.print(report.text());
      report.write(Path.of(Arguments.required(options, "--results")));
    } finally {
      audit.shutdownNow();
    }
  }

  private static RecordedLife life(Map<String, String> options, ClientSettings kafka)
      throws Exception {
    try (Lives lives =
        new Lives(
            Path.of(Arguments.required(options, "--socket")),
            Path.of(Arguments.required(options, "--bundle")))) {
      return RecordedLife.of(lives, kafka, "life-" + ProcessHandle.current().pid());
    }
  }

  /** Whose CPU time is counted. */
  private record Services(ServiceProcess broker, ServiceProcess auditor) {
    static Services of(Map<String, String> options) {
      return new Services(
          new ServiceProcess(Long.parseLong(Arguments.required(options, "--broker"))),
          new ServiceProcess(Long.parseLong(Arguments.required(options, "--auditor"))));
    }
  }

  private PartitionReport measure(Fleet fleet, RecordedLife life, Services services, int seconds)
      throws Exception {
    try (TopicSizes sizes = new TopicSizes(kafka);
        KafkaConsumer<byte[], byte[]> figures = figures();
        KafkaProducer<byte[], byte[]> relay =
            new KafkaProducer<>(kafka.transactionalProducer("bench-partition"))) {
      relay.initTransactions();
      run(relay, figures, WARM_UP_SECONDS);
      lags.clear();
      Map<String, TopicSizes.Size> before = sizes.now();
      Duration broker = services.broker().count().cpu();
      Duration auditor = services.auditor().count().cpu();
      long began = System.nanoTime();
      run(relay, figures, seconds);
      double took = (System.nanoTime() - began) / 1e9;
      return new PartitionReport(
          Instant.now(),
          fleet,
          life.events().size(),
          share.sandboxes(),
          100 * Fleet.seconds(services.broker().count().cpu().minus(broker)) / took,
          100 * Fleet.seconds(services.auditor().count().cpu().minus(auditor)) / took,
          Statistics.of(lags.stream().mapToLong(Long::longValue).toArray()),
          TopicSizes.each(before, sizes.now()));
    }
  }

  /** Each second its records, in one transaction; until all that follows from them has come. */
  private void run(
      KafkaProducer<byte[], byte[]> relay, KafkaConsumer<byte[], byte[]> figures, int seconds)
      throws InvalidProtocolBufferException {
    long start = System.nanoTime();
    for (int second = 1; second <= seconds; second++) {
      send(relay);
      long next = start + TimeUnit.SECONDS.toNanos(second);
      do {
        take(figures);
      } while (System.nanoTime() < next);
    }
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (charged < sent || !isInTrail()) {
      require(
          System.nanoTime() < deadline,
          "every figure and the last event must come: " + charged + " of " + sent + " have");
      take(figures);
    }
  }

  private void send(KafkaProducer<byte[], byte[]> relay) {
    relay.beginTransaction();
    for (ProducerRecord<byte[], byte[]> record : share.next(1, Instant.now())) {
      var _ = relay.send(record);
      if (record.topic().equals(Topic.USAGE.topicName())) {
        sent++;
      } else {
        lastSandbox = new String(record.key(), java.nio.charset.StandardCharsets.UTF_8);
      }
    }
    relay.commitTransaction();
  }

  private KafkaConsumer<byte[], byte[]> figures() {
    KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(kafka.committedConsumer());
    List<TopicPartition> partitions =
        IntStream.range(0, consumer.partitionsFor(Topic.CPU.topicName()).size())
            .mapToObj(partition -> new TopicPartition(Topic.CPU.topicName(), partition))
            .toList();
    consumer.assign(partitions);
    consumer.seekToEnd(partitions);
    partitions.forEach(consumer::position);
    return consumer;
  }

  private void take(KafkaConsumer<byte[], byte[]> figures) throws InvalidProtocolBufferException {
    for (ConsumerRecord<byte[], byte[]> record : figures.poll(POLL)) {
      CpuApportioned figure = CpuApportioned.parseFrom(record.value());
      if (figure.getSandboxId().startsWith("sandbox-")) {
        charged++;
        Instant sampled =
            Instant.ofEpochSecond(figure.getTime().getSeconds(), figure.getTime().getNanos());
        lags.add(Duration.between(sampled, Instant.now()).toNanos());
      }
    }
  }

  private boolean isInTrail() {
    String uid = lastSandbox.substring(lastSandbox.indexOf('/') + 1);
    return lastSandbox.isEmpty()
        || audit
                .withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .searchTrail(SearchTrailRequest.newBuilder().setSandbox(uid).setPageSize(1).build())
                .getRecordsCount()
            > 0;
  }

  private static void require(boolean holds, String rule) {
    if (!holds) {
      throw new IllegalStateException(rule);
    }
  }
}
