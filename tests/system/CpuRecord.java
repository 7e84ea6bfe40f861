import dev.caisson.events.ClientSettings;
import dev.caisson.events.Topic;
import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.CpuApportioned;
import dev.caisson.proto.events.v1.UsageSample;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/**
 * Prints what is committed of a sandbox's CPU time, in its order: {@code sample SEQ CGROUP}, {@code
 * figures SEQ CGROUP SUM [last]} and {@code total CONTAINER NANOS SEQ STATE}. Run from its source,
 * with the auditor's class path. Arguments: HOST:PORT of Kafka, the sandbox's uid.
 */
final class CpuRecord {
  public static void main(String[] args) throws Exception {
    for (byte[] value : values(args[0], Topic.USAGE)) {
      UsageSample sample = UsageSample.parseFrom(value);
      if (sample.getSandboxUid().equals(args[1])) {
        System.out.printf("sample %d %d%n", sample.getSandboxSeq(), sample.getCgroupNanos());
      }
    }
    for (byte[] value : values(args[0], Topic.CPU)) {
      CpuApportioned figures = CpuApportioned.parseFrom(value);
      if (figures.getSandboxUid().equals(args[1])) {
        print(figures);
      }
    }
  }

  private static void print(CpuApportioned figures) {
    long sum =
        figures.getUnattributedNanos()
            + figures.getRetiredNanos()
            + figures.getContainersList().stream().mapToLong(ContainerCpu::getTotalNanos).sum();
    System.out.printf(
        "figures %d %d %d%s%n",
        figures.getSandboxSeq(), figures.getCgroupNanos(), sum, figures.getLast() ? " last" : "");
    for (ContainerCpu one : figures.getContainersList()) {
      System.out.printf(
          "total %s %d %d %s%n",
          one.getContainerId(),
          one.getTotalNanos(),
          figures.getSandboxSeq(),
          one.getExited() ? "final" : "running");
    }
  }

  private static List<byte[]> values(String kafka, Topic topic) {
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(ClientSettings.of(kafka).committedConsumer())) {
      List<TopicPartition> partitions =
          IntStream.range(0, topic.partitions())
              .mapToObj(i -> new TopicPartition(topic.topicName(), i))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      var ends = consumer.endOffsets(partitions);
      List<byte[]> values = new ArrayList<>();
      while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
        consumer.poll(Duration.ofMillis(200)).forEach(record -> values.add(record.value()));
      }
      return values;
    }
  }
}
