package dev.caisson.executor.usage;
import java.util.OptionalLong;
public record SampledContainer(String id, String uid, OptionalLong cpuNanos, boolean running) {}
