package dev.caisson.oci;

import dev.caisson.proto.types.v1.IoPriority;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.Scheduler;

/** How a process is scheduled. Source: runtime-spec config.md, "Linux Process". */
final class SchedulingReader {
  private SchedulingReader() {}

  static void read(JsonObject json, Process.Builder process) {
    json.object("ioPriority").ifPresent(given -> process.setIoPriority(ioPriority(given)));
    json.object("scheduler").ifPresent(given -> process.setScheduler(scheduler(given)));
    json.object("execCPUAffinity")
        .ifPresent(given -> {
          process.setCpuAffinity(given.string("final"));
          // A process is born in its cgroup: there is nothing before that.
          given.ignore("initial", "has no effect: a process is born where it stays");
          given.finish();
        });
  }

  private static IoPriority ioPriority(JsonObject json) {
    IoPriority.Builder made = IoPriority.newBuilder().setClass_(json.string("class"));
    json.integer("priority", 0, Integer.MAX_VALUE).ifPresent(made::setPriority);
    json.finish();
    return made.build();
  }

  private static Scheduler scheduler(JsonObject json) {
    Scheduler.Builder made = Scheduler.newBuilder().setPolicy(json.string("policy"));
    json.integer("nice", Integer.MIN_VALUE, Integer.MAX_VALUE).ifPresent(made::setNice);
    json.integer("priority", Integer.MIN_VALUE, Integer.MAX_VALUE).ifPresent(made::setPriority);
    made.addAllFlags(json.strings("flags"));
    json.unsigned("runtime").ifPresent(made::setRuntime);
    json.unsigned("deadline").ifPresent(made::setDeadline);
    json.unsigned("period").ifPresent(made::setPeriod);
    json.finish();
    return made.build();
  }
}
