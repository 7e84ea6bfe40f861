package dev.caisson.executor.usage;
import dev.caisson.executor.journal.UsageLog;
import java.time.*;
import java.util.Collection;
import java.util.function.Supplier;
public final class UsageSampler implements AutoCloseable {
  public UsageSampler(Duration period, Clock clock, UsageLog log, Supplier<Collection<SampledSandbox>> all) {}
  public void sample(SampledSandbox s, boolean last) {}
  @Override public void close() {}
}
