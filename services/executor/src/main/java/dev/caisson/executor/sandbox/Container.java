package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Cgroup;
import dev.caisson.executor.log.ContainerLog;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.executor.store.v1.ProcessRecord;
import dev.caisson.linux.Fd;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ExitStatus;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A container that lives: its record, and what the executor holds of it.
 *
 * <p>Anyone may read, wait for {@link #exit} and use the streams; everything is changed in the
 * sandbox's queue only.
 */
final class Container {
  /** Ended ones that are still known when another is started; docs and protos say how many. */
  private static final int ENDED_EXECS = 64;

  private final Sandbox sandbox;
  private final Cgroup cgroup;
  private final Observed observed = new Observed();
  private final CompletableFuture<ExitStatus> exit = new CompletableFuture<>();
  private final Map<String, ExecedProcess> execs = new ConcurrentHashMap<>();
  private final Set<String> startingExecs = new HashSet<>();
  private final Attachments attachments = new Attachments();
  private volatile ContainerRecord record;
  private volatile @Nullable Running running;
  private volatile @Nullable ProcessStreams streams;
  private volatile @Nullable ContainerLog log;

  /**
   * What there is of a first process that has not ended.
   *
   * @param program until it was started
   */
  record Running(Fd pidfd, Optional<Waiting> program) implements AutoCloseable {
    @Override
    public void close() {
      pidfd.close();
      program.ifPresent(Waiting::close);
    }
  }

  Container(Sandbox sandbox, Cgroup cgroup, ContainerRecord record) {
    this.sandbox = sandbox;
    this.cgroup = cgroup;
    this.record = record;
  }

  Sandbox sandbox() {
    return sandbox;
  }

  Cgroup cgroup() {
    return cgroup;
  }

  /** What was seen of its cgroup. */
  Observed observed() {
    return observed;
  }

  String uid() {
    return record.getUid();
  }

  ContainerRecord record() {
    return record;
  }

  void record(ContainerRecord next) {
    sandbox.queue().requireTurn();
    record = next;
  }

  CompletableFuture<ExitStatus> exit() {
    return exit;
  }

  /** Its exec'd processes, by id, those that have ended too unless they are {@link #outdated}. */
  Map<String, ExecedProcess> execs() {
    return execs;
  }

  /** Request ids by which processes are just being started. In the queue only. */
  Set<String> startingExecs() {
    sandbox.queue().requireTurn();
    return startingExecs;
  }

  /** Those exec'd processes that ended longest ago, where too many have that nothing is left of. */
  Set<String> outdated() {
    List<String> ended =
        record.getExecsList().stream() // in the order of their ends
            .map(ProcessRecord::getId)
            .filter(id -> execs.containsKey(id) && !execs.get(id).isHeld())
            .toList();
    return Set.copyOf(ended.subList(0, Math.max(0, ended.size() - ENDED_EXECS)));
  }

  Optional<Running> running() {
    return Optional.ofNullable(running);
  }

  void running(@Nullable Running next) {
    sandbox.queue().requireTurn();
    running = next;
  }

  /** It could not be made: whoever waits for its end is told that it is not there. */
  void giveUp() {
    running(null);
    var _ = exit.completeExceptionally(gone());
  }

  /** Nothing is left of it, and whoever was to make it frees its id. */
  boolean isGivenUp() {
    return exit.isCompletedExceptionally();
  }

  /** What those are told who have come too late. */
  RefusedException gone() {
    return new Refusal(
            Reason.CONTAINER_NOT_FOUND,
            "There is no container " + record.getId() + " any more.",
            Map.of("container", record.getId()))
        .exception();
  }

  /** Where it has pipes; until its deletion, since output may be read after its end. */
  Optional<ProcessStreams> streams() {
    return Optional.ofNullable(streams);
  }

  void streams(Optional<ProcessStreams> next) {
    sandbox.queue().requireTurn();
    streams = next.orElse(null);
  }

  /** Where what it puts out is written to files. */
  Optional<ContainerLog> log() {
    return Optional.ofNullable(log);
  }

  void log(ContainerLog next) {
    sandbox.queue().requireTurn();
    log = next;
  }

  /** Whether its sandbox was made for it. */
  boolean isRoot() {
    return sandbox.record().getRootContainerUid().equals(uid());
  }

  /** Whether the ends of all of its processes have been dealt with. */
  boolean hasEnded() {
    return exit.isDone() && execs.values().stream().allMatch(exec -> exec.exit().isDone());
  }

  /** The executor ends, the container does not. */
  void release() {
    running().ifPresent(Running::close);
    log().ifPresent(ContainerLog::release);
    streams().ifPresent(ProcessStreams::release);
    execs.values().forEach(ExecedProcess::release);
  }

  /** To its first process. */
  Attachments attachments() {
    return attachments;
  }
}
