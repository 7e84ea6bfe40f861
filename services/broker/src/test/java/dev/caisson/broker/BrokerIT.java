package dev.caisson.broker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.backing.BrokerProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BrokerIT {

  @TempDir Path data;

  @Test
  void keepsCommittedRecordsWhenItIsKilledAndForgetsOpenOnes() throws Exception {
    try (BrokerProcess broker = BrokerProcess.at(data)) {
      broker.start();
      createTopic(broker);
      try (KafkaProducer<String, String> producer = producer(broker)) {
        producer.initTransactions();
        producer.beginTransaction();
        producer.send(new ProducerRecord<>("t", "kept")).get();
        producer.commitTransaction();
        producer.beginTransaction();
        producer.send(new ProducerRecord<>("t", "open")).get();
        broker.kill();
        broker.start();
        producer.close(Duration.ZERO);
      }
      // Fences the one that was left open.
      try (KafkaProducer<String, String> successor = producer(broker)) {
        successor.initTransactions();
      }
      assertThat(committed(broker)).containsExactly("kept");
    }
  }

  @Test
  void removesItsReadyFileWhenItEnds() {
    try (BrokerProcess broker = BrokerProcess.at(data)) {
      broker.start();
      assertThat(data.resolve("ready")).hasContent(broker.address());
    }
    assertThat(Files.exists(data.resolve("ready"))).isFalse();
  }

  private static void createTopic(BrokerProcess broker) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.address()))) {
      admin.createTopics(List.of(new NewTopic("t", 1, (short) 1))).all().get();
    }
  }

  private static KafkaProducer<String, String> producer(BrokerProcess broker) {
    return new KafkaProducer<>(
        Map.of("bootstrap.servers", broker.address(), "transactional.id", "test"),
        new StringSerializer(),
        new StringSerializer());
  }

  private static List<String> committed(BrokerProcess broker) {
    TopicPartition partition = new TopicPartition("t", 0);
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", broker.address(), "isolation.level", "read_committed"),
            new StringDeserializer(),
            new StringDeserializer())) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      List<String> records = new ArrayList<>();
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) {
          records.add(record.value());
        }
      }
      return records;
    }
  }
}
