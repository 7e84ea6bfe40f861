package dev.caisson.executor.sandbox;

import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.executor.store.v1.ProcessRecord;
import dev.caisson.linux.Fd;
import dev.caisson.proto.types.v1.ExitStatus;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A process that was started in a running container. Anyone may read; changed in the sandbox's
 * queue.
 */
final class ExecedProcess {
  private final @Nullable Fd pidfd;
  private final AtomicReference<@Nullable ProcessStreams> streams;
  private final Attachments attachments = new Attachments();
  private final CompletableFuture<ExitStatus> exit = new CompletableFuture<>();
  private volatile ProcessRecord record;
  private volatile boolean told;

  /** Takes the descriptor over. */
  ExecedProcess(ProcessRecord record, @Nullable Fd pidfd, Optional<ProcessStreams> streams) {
    this.record = record;
    this.pidfd = pidfd;
    this.streams = new AtomicReference<>(streams.orElse(null));
  }

  /** One that had ended in an earlier life of the executor. */
  static ExecedProcess ended(ProcessRecord record, Optional<ProcessStreams> streams) {
    ExecedProcess process = new ExecedProcess(record, null, streams);
    process.exit.complete(record.getExit());
    return process;
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

  /** Empty where it has ended without this life of the executor having seen it. */
  Optional<Fd> pidfd() {
    return Optional.ofNullable(pidfd);
  }

  /** Until they are closed: output may be read after its end. */
  Optional<ProcessStreams> streams() {
    return Optional.ofNullable(streams.get());
  }

  /** Says whether they were open. */
  boolean closeStreams() {
    Optional<ProcessStreams> open = Optional.ofNullable(streams.getAndSet(null));
    open.ifPresent(ProcessStreams::close);
    return open.isPresent();
  }

  Attachments attachments() {
    return attachments;
  }

  /** Somebody knows its end, and has taken all that it left. */
  void told() {
    told = true;
  }

  boolean isTold() {
    return told;
  }

  /** Whether it runs, or has left output that somebody takes, or may still come for. */
  boolean isHeld() {
    return !exit.isDone() || streams().isPresent();
  }

  CompletableFuture<ExitStatus> exit() {
    return exit;
  }

  /** The executor ends, the process does not. */
  void release() {
    pidfd().ifPresent(Fd::close);
    streams().ifPresent(ProcessStreams::release);
  }

  void record(ProcessRecord next) {
    record = next;
  }

  void ended(ProcessRecord last) {
    record(last);
    pidfd().ifPresent(Fd::close);
  }

  /** The container's record with this process's newest one, as the last. */
  static ContainerRecord stored(ContainerRecord container, ProcessRecord process) {
    return without(container, Set.of(process.getId())).toBuilder().addExecs(process).build();
  }

  /** The container's record without those processes, which have ended; what they spent stays. */
  static ContainerRecord forgotten(ContainerRecord container, Set<String> ids) {
    Duration spent =
        container.getExecsList().stream()
            .filter(one -> ids.contains(one.getId()))
            .map(one -> Exits.cpu(one.getExit()))
            .reduce(Duration.ZERO, Duration::plus);
    return without(container, ids).toBuilder()
        .setSpentNanos(container.getSpentNanos() + spent.toNanos())
        .build();
  }

  private static ContainerRecord without(ContainerRecord container, Set<String> ids) {
    List<ProcessRecord> others =
        container.getExecsList().stream().filter(one -> !ids.contains(one.getId())).toList();
    return container.toBuilder().clearExecs().addAllExecs(others).build();
  }
}
