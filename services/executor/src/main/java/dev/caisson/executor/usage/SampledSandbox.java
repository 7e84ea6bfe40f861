package dev.caisson.executor.usage;
import java.util.List;
import java.util.OptionalLong;
public interface SampledSandbox { String tenant(); String id(); String uid(); long counterEpoch(); OptionalLong cgroupNanos(); List<SampledContainer> containers(); long nextSampleSeq(); }
