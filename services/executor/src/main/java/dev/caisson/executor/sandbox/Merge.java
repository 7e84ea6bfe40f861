package dev.caisson.executor.sandbox;

import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.types.v1.Process;

/** An exec'd process, completed by its container's: what the request leaves out is the container's. */
final class Merge {
  private Merge() {}

  static Process of(Process container, ExecProcess request) {
    Process asked = request.getProcess();
    Process.Builder merged =
        container.toBuilder()
            .clearArgs()
            .addAllArgs(asked.getArgsList())
            .setTerminal(asked.getTerminal());
    if (asked.getEnvCount() > 0) {
      merged.clearEnv().addAllEnv(asked.getEnvList());
    }
    merged.addAllEnv(request.getAddEnvList()); // of duplicates the last one wins
    if (!asked.getCwd().isEmpty()) {
      merged.setCwd(asked.getCwd());
    }
    if (asked.hasUser()) {
      merged.setUser(asked.getUser());
    }
    if (asked.hasCapabilities()) {
      merged.setCapabilities(asked.getCapabilities());
    }
    if (asked.getRlimitsCount() > 0) {
      merged.clearRlimits().addAllRlimits(asked.getRlimitsList());
    }
    if (asked.hasUmask()) {
      merged.setUmask(asked.getUmask());
    }
    // Once given up they are not to be had again by an exec.
    merged.setNoNewPrivileges(container.getNoNewPrivileges() || asked.getNoNewPrivileges());
    return merged.build();
  }
}
