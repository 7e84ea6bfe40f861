package dev.caisson.executor.sandbox;

import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.LinuxException;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.OomScoreAdjusted;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Process;
import java.lang.System.Logger.Level;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * When the kernel, out of memory, chooses a process: proc_pid_oom_score_adj(5).
 *
 * <p>With caisson-init all of a sandbox ends: it is chosen no sooner than any of its containers.
 */
final class Scores {
  private static final System.Logger LOG = System.getLogger(Scores.class.getName());
  private static final String FILE = "oom_score_adj";
  private static final Set<Errno> ENDED = Set.of(Errno.ESRCH, Errno.ENOENT);

  private final Host host;
  private final Recorder recorder;

  Scores(Host host, Recorder recorder) {
    this.host = host;
    this.recorder = recorder;
  }

  /**
   * Of a process that has not executed its program yet.
   *
   * @param event about whose it is
   */
  static void adjust(Host host, Recorder recorder, Event.Builder event, Fd pidfd, int score) {
    int pid = host.kernel().processes().pid(pidfd);
    int now = of(host, pidfd);
    Event.Builder adjusted =
        event.setOomScoreAdjusted(adjusted(pid, now, score, "process.oom_score_adj"));
    var _ = recorder.record(adjusted, () -> write(host, pidfd, score), written -> adjusted);
  }

  private static int write(Host host, Fd pidfd, int score) {
    try {
      host.proc().write(pidfd, FILE, Integer.toString(score));
      return score;
    } catch (LinuxException e) {
      throw StepFailure.of("set the OOM score", "process.oom_score_adj", e);
    }
  }

  /** Of a process that nobody has changed. */
  static int of(Host host, Fd pidfd) {
    return Integer.parseInt(host.proc().read(pidfd, FILE).strip());
  }

  /**
   * A container that says no score has its sandbox's first one. What it would inherit from
   * caisson-init may be a sibling's. In the sandbox's queue.
   */
  static ContainerSpec completed(ContainerSpec spec, Sandbox sandbox) {
    SandboxRecord record = sandbox.record();
    if (spec.getProcess().hasOomScoreAdj()
        || !record.hasOomScoreAdj()
        || wanted(sandbox) == record.getOomScoreAdj()) {
      return spec;
    }
    ContainerSpec.Builder completed = spec.toBuilder();
    completed.getProcessBuilder().setOomScoreAdj(record.getOomScoreAdj());
    return completed.build();
  }

  /** The least of those that its containers have, whatever their states; that of its birth. */
  private static int wanted(Sandbox sandbox) {
    OptionalInt least =
        sandbox.containers().stream()
            .map(container -> container.record().getSpec())
            .filter(Scores::counts)
            .map(ContainerSpec::getProcess)
            .mapToInt(Process::getOomScoreAdj)
            .min();
    return least.orElse(sandbox.record().getOomScoreAdj());
  }

  private static boolean counts(ContainerSpec spec) {
    return spec.getProcess().hasOomScoreAdj() && !spec.getInfrastructure();
  }

  /** A container has come or gone. In the sandbox's queue. */
  void changed(Container container) {
    if (counts(container.record().getSpec())) {
      settle(container.sandbox());
    }
  }

  /**
   * Gives caisson-init the score that follows from the sandbox's containers. Never fails: what
   * cannot be done is recorded, and told as long as it is so. In the sandbox's queue.
   */
  void settle(Sandbox sandbox) {
    sandbox.queue().requireTurn();
    SandboxRecord record = sandbox.record();
    if (!record.hasOomScoreAdj() || record.getDeleting() || record.getLost()) {
      return;
    }
    try {
      init(sandbox).ifPresent(pidfd -> settle(sandbox, pidfd, wanted(sandbox)));
      sandbox.scoreProblem(Optional.empty());
    } catch (LinuxException e) {
      if (!ENDED.contains(e.errno())) {
        sandbox.scoreProblem(Optional.of(problem(record, e)));
      }
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "The OOM score of " + record.getUid() + " could not be recorded", e);
    }
  }

  private static Optional<Fd> init(Sandbox sandbox) {
    return sandbox.holder().map(Holder::pidfd).or(() -> sandbox.other().map(OtherInit::pidfd));
  }

  private void settle(Sandbox sandbox, Fd pidfd, int wanted) {
    int now = of(host, pidfd);
    if (now == wanted) {
      return;
    }
    recorder.recordEnd(
        adjusted(sandbox, now, wanted),
        () -> {
          host.proc().write(pidfd, FILE, Integer.toString(wanted));
          return wanted;
        },
        to -> adjusted(sandbox, now, to));
  }

  private static Event.Builder adjusted(Sandbox sandbox, int from, int to) {
    return Recorder.event(sandbox.record())
        .setOomScoreAdjusted(
            adjusted(sandbox.record().getInitPid(), from, to, "the least of its containers"));
  }

  private static OomScoreAdjusted adjusted(int pid, int from, int to, String why) {
    return OomScoreAdjusted.newBuilder().setPid(pid).setFrom(from).setTo(to).setWhy(why).build();
  }

  private static String problem(SandboxRecord record, LinuxException failed) {
    return "The OOM score of sandbox "
        + record.getId()
        + " of tenant "
        + record.getTenant()
        + " is not the least of its containers, since it could not be written: "
        + failed.errno().name()
        + ". The kernel may end all of it before one of them; give the executor CAP_SYS_RESOURCE.";
  }
}
