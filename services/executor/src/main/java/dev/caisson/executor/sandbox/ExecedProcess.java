package dev.caisson.executor.sandbox;

import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.executor.store.v1.ProcessRecord;
import dev.caisson.linux.Fd;
import dev.caisson.proto.types.v1.ExitStatus;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** A process that was started in a running container. Anyone may read; changed in the sandbox's queue. */
final class ExecedProcess {
  private final Fd pidfd;
  private final Optional<ProcessStreams> streams;
  private final CompletableFuture<ExitStatus> exit = new CompletableFuture<>();
  private volatile ProcessRecord record;

  /** Takes the descriptor over. */
  ExecedProcess(ProcessRecord record, Fd pidfd, Optional<ProcessStreams> streams) {
    this.record = record;
    this.pidfd = pidfd;
    this.streams = streams;
  }

  String id() {
    return record.getId();
  }

  long token() {
    return record.getToken();
  }

  ProcessRecord record() {
    return record;
  }

  Fd pidfd() {
    return pidfd;
  }

  Optional<ProcessStreams> streams() {
    return streams;
  }

  CompletableFuture<ExitStatus> exit() {
    return exit;
  }

  void ended(ProcessRecord last) {
    record = last;
    pidfd.close();
  }

  /** The container's record with this process's newest one. */
  static ContainerRecord stored(ContainerRecord container, ProcessRecord process) {
    ContainerRecord.Builder next = container.toBuilder();
    for (int i = 0; i < next.getExecsCount(); i++) {
      if (next.getExecs(i).getId().equals(process.getId())) {
        return next.setExecs(i, process).build();
      }
    }
    return next.addExecs(process).build();
  }
}
