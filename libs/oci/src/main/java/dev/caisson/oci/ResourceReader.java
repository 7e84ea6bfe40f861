package dev.caisson.oci;

import dev.caisson.proto.types.v1.Resources;

/**
 * Limits. Source: runtime-spec config-linux.md, "Control groups". A zero is what Go writes for
 * none.
 */
final class ResourceReader {
  private static final int MAX_SWAPPINESS = 100;
  private static final long MAX_UNSIGNED_INT = 0xFFFF_FFFFL;

  private ResourceReader() {}

  static Resources read(JsonObject json) {
    Resources.Builder resources = Resources.newBuilder();
    json.object("memory").ifPresent(memory -> resources.setMemory(memory(memory)));
    json.object("cpu").ifPresent(cpu -> resources.setCpu(cpu(cpu)));
    json.object("pids").ifPresent(pids -> resources.setPids(pids(pids)));
    DeviceRules.read(json, resources);
    json.object("blockIO").ifPresent(io -> BlockIoReader.read(io, resources));
    json.objects("hugepageLimits").forEach(one -> resources.addHugepageLimits(hugepages(one)));
    json.object("network").ifPresent(network -> network(network, resources));
    json.members("rdma").forEach((device, limit) -> resources.putRdma(device, rdma(limit)));
    resources.putAllUnified(json.texts("unified"));
    json.finish();
    return resources.build();
  }

  private static Resources.Memory memory(JsonObject json) {
    Resources.Memory.Builder memory = Resources.Memory.newBuilder();
    limit(json, "limit", memory::setLimit);
    limit(json, "reservation", memory::setReservation);
    limit(json, "swap", memory::setSwap);
    // Here 0 is not the same as none.
    json.integer("swappiness", 0, MAX_SWAPPINESS).ifPresent(memory::setSwappiness);
    ifTrue(json.bool("disableOOMKiller"), memory::setDisableOomKiller);
    memory.setCheckBeforeUpdate(json.bool("checkBeforeUpdate"));
    json.refuse("kernel", "kernel memory is counted with the rest; use memory.limit");
    json.refuse("kernelTCP", "kernel memory is counted with the rest; use memory.limit");
    json.ignore("useHierarchy", "has no effect: every cgroup counts what is below it");
    json.finish();
    return memory.build();
  }

  private static Resources.Cpu cpu(JsonObject json) {
    Resources.Cpu.Builder cpu =
        Resources.Cpu.newBuilder().setCpus(json.string("cpus")).setMems(json.string("mems"));
    json.unsigned("shares").ifPresent(shares -> ifSet(shares, cpu::setShares));
    json.unsigned("period").ifPresent(period -> ifSet(period, cpu::setPeriod));
    limit(json, "quota", cpu::setQuota);
    json.unsigned("burst").ifPresent(burst -> ifSet(burst, cpu::setBurst));
    json.integer("idle", 0L, 1L).ifPresent(idle -> ifSet(idle, cpu::setIdle));
    json.unsigned("realtimePeriod").ifPresent(v -> ifSet(v, cpu::setRealtimePeriod));
    json.integer("realtimeRuntime", 0L, Long.MAX_VALUE)
        .ifPresent(v -> ifSet(v, cpu::setRealtimeRuntime));
    json.finish();
    return cpu.build();
  }

  private static Resources.Pids pids(JsonObject json) {
    Resources.Pids.Builder pids = Resources.Pids.newBuilder();
    limit(json, "limit", pids::setLimit);
    json.finish();
    return pids.build();
  }

  /** Of no page at all, too: 0 is a limit here. */
  private static Resources.HugepageLimit hugepages(JsonObject json) {
    Resources.HugepageLimit.Builder limit =
        Resources.HugepageLimit.newBuilder()
            .setPageSize(json.string("pageSize"))
            .setLimit(json.unsigned("limit").orElse(0));
    json.finish();
    return limit.build();
  }

  private static void network(JsonObject json, Resources.Builder resources) {
    Resources.NetworkMarks.Builder marks = Resources.NetworkMarks.newBuilder();
    json.integer("classID", 0L, MAX_UNSIGNED_INT)
        .ifPresent(id -> ifSet(id, value -> marks.setClassId((int) value)));
    json.objects("priorities").forEach(one -> marks.addPriorities(priority(one)));
    json.finish();
    if (!marks.build().equals(Resources.NetworkMarks.getDefaultInstance())) {
      resources.setNetwork(marks);
    }
  }

  private static Resources.NetworkMarks.Priority priority(JsonObject json) {
    Resources.NetworkMarks.Priority.Builder priority =
        Resources.NetworkMarks.Priority.newBuilder()
            .setName(json.string("name"))
            .setPriority(json.unsignedInt("priority"));
    json.finish();
    return priority.build();
  }

  /** Of none at all, too: 0 is a limit here. */
  private static Resources.Rdma rdma(JsonObject json) {
    Resources.Rdma.Builder rdma = Resources.Rdma.newBuilder();
    json.integer("hcaHandles", 0L, MAX_UNSIGNED_INT).ifPresent(v -> rdma.setHcaHandles((int) v));
    json.integer("hcaObjects", 0L, MAX_UNSIGNED_INT).ifPresent(v -> rdma.setHcaObjects((int) v));
    json.finish();
    return rdma.build();
  }

  private static void ifTrue(boolean value, java.util.function.Consumer<Boolean> setter) {
    if (value) {
      setter.accept(true);
    }
  }

  /** -1 is unlimited. */
  private static void limit(JsonObject json, String name, java.util.function.LongConsumer setter) {
    json.integer(name, -1L, Long.MAX_VALUE).ifPresent(value -> ifSet(value, setter));
  }

  static void ifSet(long value, java.util.function.LongConsumer setter) {
    if (value != 0) {
      setter.accept(value);
    }
  }
}
