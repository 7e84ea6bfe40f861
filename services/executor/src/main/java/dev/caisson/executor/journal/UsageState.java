package dev.caisson.executor.journal;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.executor.journal.v1.Snapshot;
import dev.caisson.proto.events.v1.UsageSample;
import java.util.HashMap;
import java.util.Map;

/** The last sequence of each sandbox whose last sample has not come. */
final class UsageState implements LogState {
  private final Map<String, Long> sandboxSeqs = new HashMap<>();

  long nextSandboxSeq(String sandboxUid) {
    return sandboxSeqs.getOrDefault(sandboxUid, 0L) + 1;
  }

  void recorded(UsageSample sample) {
    if (sample.getLast()) {
      sandboxSeqs.remove(sample.getSandboxUid());
    } else {
      sandboxSeqs.put(sample.getSandboxUid(), sample.getSandboxSeq());
    }
  }

  @Override
  public ByteString snapshot() {
    return Snapshot.newBuilder().putAllSandboxSeqs(sandboxSeqs).build().toByteString();
  }

  @Override
  public void restore(ByteString bytes) throws InvalidProtocolBufferException {
    sandboxSeqs.putAll(Snapshot.parseFrom(bytes).getSandboxSeqsMap());
  }

  @Override
  public void replay(LogRecord record) throws InvalidProtocolBufferException {
    recorded(UsageSample.parseFrom(record.bytes()));
  }
}
