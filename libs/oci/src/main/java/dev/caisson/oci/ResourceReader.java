package dev.caisson.oci;

import dev.caisson.proto.types.v1.Resources;

/**
 * Limits. Source: runtime-spec config-linux.md, "Control groups". A zero is what Go writes for
 * none.
 */
final class ResourceReader {
  private ResourceReader() {}

  static Resources read(JsonObject json) {
    Resources.Builder resources = Resources.newBuilder();
    json.object("memory").ifPresent(memory -> resources.setMemory(memory(memory)));
    json.object("cpu").ifPresent(cpu -> resources.setCpu(cpu(cpu)));
    json.object("pids").ifPresent(pids -> resources.setPids(pids(pids)));
    DeviceRules.read(json, resources);
    json.refuse("blockIO", "block I/O is not limited; remove it");
    json.refuse("hugepageLimits", "huge pages are not limited; remove it");
    json.refuse("network", "network traffic is not marked by cgroup; remove it");
    json.refuseMembers("rdma", "RDMA is not limited; remove it");
    json.refuseMembers("unified", "name the limit by its own field; remove it");
    json.finish();
    return resources.build();
  }

  private static Resources.Memory memory(JsonObject json) {
    Resources.Memory.Builder memory = Resources.Memory.newBuilder();
    limit(json, "limit", memory::setLimit);
    limit(json, "reservation", memory::setReservation);
    limit(json, "swap", memory::setSwap);
    json.refuse("swappiness", "swapping is the host's affair; limit it by memory.swap");
    json.refuse("disableOOMKiller", "a container out of memory is killed; remove it");
    json.refuse("kernel", "kernel memory is counted with the rest; use memory.limit");
    json.refuse("kernelTCP", "kernel memory is counted with the rest; use memory.limit");
    json.ignore("useHierarchy", "has no effect: every cgroup counts what is below it");
    json.ignore("checkBeforeUpdate", "has no effect: a new cgroup uses nothing yet");
    json.finish();
    return memory.build();
  }

  private static Resources.Cpu cpu(JsonObject json) {
    Resources.Cpu.Builder cpu =
        Resources.Cpu.newBuilder().setCpus(json.string("cpus")).setMems(json.string("mems"));
    json.unsigned("shares").ifPresent(shares -> ifSet(shares, cpu::setShares));
    json.unsigned("period").ifPresent(period -> ifSet(period, cpu::setPeriod));
    limit(json, "quota", cpu::setQuota);
    json.refuse("burst", "CPU bursts are not set; remove it");
    json.refuse("idle", "the idle class is not set; use cpu.shares");
    json.refuse("realtimePeriod", "real-time scheduling is not allotted; remove it");
    json.refuse("realtimeRuntime", "real-time scheduling is not allotted; remove it");
    json.finish();
    return cpu.build();
  }

  private static Resources.Pids pids(JsonObject json) {
    Resources.Pids.Builder pids = Resources.Pids.newBuilder();
    limit(json, "limit", pids::setLimit);
    json.finish();
    return pids.build();
  }

  /** -1 is unlimited. */
  private static void limit(JsonObject json, String name, java.util.function.LongConsumer setter) {
    json.integer(name, -1L, Long.MAX_VALUE).ifPresent(value -> ifSet(value, setter));
  }

  private static void ifSet(long value, java.util.function.LongConsumer setter) {
    if (value != 0) {
      setter.accept(value);
    }
  }
}
