package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.journal.v1.JournalGrpc;
import dev.caisson.proto.journal.v1.ReadRequest;
import dev.caisson.rpc.Channels;
import io.grpc.ManagedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What a node's journal holds. */
final class Recorded {
  private Recorded() {}

  /** Everything, once it is durable. */
  static List<Event> of(TestNode node) throws Exception {
    ManagedChannel channel = Channels.unix(node.journalSocket());
    try {
      List<Event> events = new ArrayList<>();
      var answers =
          Channels.withDeadline(JournalGrpc.newBlockingStub(channel))
              .read(ReadRequest.getDefaultInstance());
      while (answers.hasNext()) {
        for (var record : answers.next().getRecordsList()) {
          events.add(Event.parseFrom(record.getEvent()));
        }
      }
      return events;
    } finally {
      channel.shutdownNow();
      assertThat(channel.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    }
  }
}
