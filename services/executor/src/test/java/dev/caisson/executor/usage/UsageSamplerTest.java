package dev.caisson.executor.usage;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.executor.journal.JournalReader;
import dev.caisson.executor.journal.LogRecord;
import dev.caisson.executor.journal.Position;
import dev.caisson.executor.journal.UsageLog;
import dev.caisson.executor.journal.UsageLogSettings;
import dev.caisson.proto.events.v1.ContainerUsage;
import dev.caisson.proto.events.v1.UsageSample;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class UsageSamplerTest {
  private static final Clock CLOCK = Clock.fixed(Instant.ofEpochSecond(7, 8), ZoneOffset.UTC);

  @TempDir Path directory;
  private final List<String> readings = new ArrayList<>();
  private final Collection<SampledSandbox> sandboxes = new ArrayList<>();
  private UsageLog log;
  private UsageSampler sampler;

  @BeforeEach
  void open() {
    log = UsageLog.open(UsageLogSettings.defaults(directory, "n", 1, "boot"), CLOCK);
    sampler = new UsageSampler(Duration.ofMillis(1), CLOCK, log, () -> sandboxes);
  }

  @AfterEach
  void close() {
    sampler.close();
    log.close();
  }

  @Test
  void readsTheContainersBeforeTheirSandbox() {
    Sandbox sandbox = new Sandbox("s", OptionalLong.of(100));
    sandbox.containers.add(new Container("c", 60, true));
    sandbox.containers.add(new Container("d", 30, false));
    UsageSample sample = sampler.sample(sandbox, false).orElseThrow();

    assertThat(readings).containsExactly("c", "d", "s", "sampled s");
    assertThat(sample.getCgroupNanos()).isEqualTo(100);
    assertThat(sample.getCounterEpoch()).isEqualTo(3);
    assertThat(sample.getTime().getSeconds()).isEqualTo(7);
    assertThat(sample.getSandboxId()).isEqualTo("id-s");
    assertThat(sample.getContainersList())
        .containsExactly(usage("c", 60, true), usage("d", 30, false));
  }

  @Test
  void leavesOutACgroupThatIsNotThereAndACounterThatIsNotKnown() {
    Sandbox sandbox = new Sandbox("s", OptionalLong.empty());
    sandbox.containers.add(new Container("c", -1, true));
    UsageSample sample = sampler.sample(sandbox, false).orElseThrow();

    assertThat(sample.hasCgroupNanos()).isFalse();
    assertThat(sample.getContainersList()).isEmpty();
  }

  @Test
  void goesOnWithTheOthersWhenOneFails() throws Exception {
    sandboxes.add(new Sandbox("a", OptionalLong.of(1)));
    sandboxes.add(new Failing());
    sandboxes.add(new Sandbox("b", OptionalLong.of(1)));
    sampler.sampleAll();

    assertThat(kept(2)).extracting(UsageSample::getSandboxUid).containsExactly("a", "b");
    assertThat(sampler.sample(new Failing(), true)).isEmpty();
  }

  @Test
  void takesNoSampleAfterTheLastOne() throws Exception {
    Sandbox sandbox = new Sandbox("s", OptionalLong.of(1));
    sandboxes.add(sandbox);
    sampler.sampleAll();
    assertThat(sampler.sample(sandbox, true).orElseThrow().getLast()).isTrue();
    sampler.sampleAll();

    assertThat(sampler.sample(sandbox, true)).isEmpty();
    assertThat(kept(2)).extracting(UsageSample::getSandboxSeq).containsExactly(1L, 2L);
  }

  @Test
  void samplesByItself() throws Exception {
    sandboxes.add(new Sandbox("s", OptionalLong.of(1)));
    sampler.start();

    assertThat(kept(5)).extracting(UsageSample::getSandboxSeq).startsWith(1L, 2L, 3L, 4L, 5L);
  }

  private List<UsageSample> kept(int atLeast) throws InterruptedException {
    List<UsageSample> samples = new ArrayList<>();
    try (JournalReader reader = log.read(Position.BEFORE_ALL)) {
      while (samples.size() < atLeast) {
        reader.take(100, 1 << 20).stream().map(UsageSamplerTest::parse).forEach(samples::add);
      }
    }
    return samples;
  }

  private static UsageSample parse(LogRecord record) {
    try {
      return UsageSample.parseFrom(record.bytes());
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  private static ContainerUsage usage(String uid, long nanos, boolean running) {
    return ContainerUsage.newBuilder()
        .setContainerId("id-" + uid)
        .setContainerUid(uid)
        .setCpuNanos(nanos)
        .setRunning(running)
        .build();
  }

  private final class Sandbox implements SampledSandbox {
    private final String uid;
    private final OptionalLong nanos;
    private final List<SampledContainer> containers = new ArrayList<>();

    Sandbox(String uid, OptionalLong nanos) {
      this.uid = uid;
      this.nanos = nanos;
    }

    @Override
    public void sampled(UsageSample sample) {
      readings.add("sampled " + uid);
    }

    @Override
    public String tenant() {
      return "t";
    }

    @Override
    public String id() {
      return "id-" + uid;
    }

    @Override
    public String uid() {
      return uid;
    }

    @Override
    public long counterEpoch() {
      return 3;
    }

    @Override
    public OptionalLong cgroupNanos() {
      readings.add(uid);
      return nanos;
    }

    @Override
    public List<SampledContainer> containers() {
      return containers;
    }
  }

  private final class Container implements SampledContainer {
    private final String uid;
    private final long nanos;
    private final boolean running;

    Container(String uid, long nanos, boolean running) {
      this.uid = uid;
      this.nanos = nanos;
      this.running = running;
    }

    @Override
    public String id() {
      return "id-" + uid;
    }

    @Override
    public String uid() {
      return uid;
    }

    @Override
    public OptionalLong cpuNanos() {
      readings.add(uid);
      return nanos < 0 ? OptionalLong.empty() : OptionalLong.of(nanos);
    }

    @Override
    public boolean running() {
      return running;
    }
  }

  private static final class Failing implements SampledSandbox {
    @Override
    public void sampled(UsageSample sample) {}

    @Override
    public String tenant() {
      return "t";
    }

    @Override
    public String id() {
      return "failing";
    }

    @Override
    public String uid() {
      return "failing";
    }

    @Override
    public long counterEpoch() {
      return 1;
    }

    @Override
    public OptionalLong cgroupNanos() {
      throw new IllegalStateException("its cgroup cannot be read");
    }

    @Override
    public List<SampledContainer> containers() {
      return List.of();
    }
  }
}
