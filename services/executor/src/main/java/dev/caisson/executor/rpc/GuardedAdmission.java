package dev.caisson.executor.rpc;

import com.google.protobuf.Message;
import dev.caisson.executor.guard.Guard;
import dev.caisson.executor.guard.Verdict;
import dev.caisson.executor.journal.Journal;
import dev.caisson.executor.journal.JournalFullException;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.events.v1.RequestDenied;
import dev.caisson.proto.executor.v1.AttachContainer;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.executor.v1.CreateSandboxRequest;
import dev.caisson.proto.executor.v1.DeleteContainerRequest;
import dev.caisson.proto.executor.v1.DeleteSandboxRequest;
import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.executor.v1.ForwardPort;
import dev.caisson.proto.executor.v1.GetContainerRequest;
import dev.caisson.proto.executor.v1.GetContainerStatisticsRequest;
import dev.caisson.proto.executor.v1.GetSandboxRequest;
import dev.caisson.proto.executor.v1.GetSandboxStatisticsRequest;
import dev.caisson.proto.executor.v1.Input;
import dev.caisson.proto.executor.v1.ListContainersRequest;
import dev.caisson.proto.executor.v1.ListProcessesRequest;
import dev.caisson.proto.executor.v1.ListSandboxesRequest;
import dev.caisson.proto.executor.v1.PauseContainerRequest;
import dev.caisson.proto.executor.v1.PortForwardRequest;
import dev.caisson.proto.executor.v1.ReadLogsRequest;
import dev.caisson.proto.executor.v1.ResumeContainerRequest;
import dev.caisson.proto.executor.v1.SignalRequest;
import dev.caisson.proto.executor.v1.StartContainerRequest;
import dev.caisson.proto.executor.v1.WaitRequest;
import dev.caisson.proto.types.v1.Actor;
import java.time.Clock;

/**
 * The guard before every command. A denial is recorded, though not more often than once a second:
 * those in between are counted, so that refusing cannot fill the disk.
 *
 * <p>Thread-safe.
 */
public final class GuardedAdmission implements Admission {
  private static final long INTERVAL_MILLIS = 1000;

  private final Guard guard;
  private final Journal journal;
  private final Clock clock;
  private long lastRecorded;
  private long suppressed;

  public GuardedAdmission(Guard guard, Journal journal, Clock clock) {
    this.guard = guard;
    this.journal = journal;
    this.clock = clock;
  }

  @Override
  public void admit(String operation, Message request, Actor actor) {
    if (check(request) instanceof Verdict.Refused(Refusal refusal)) {
      deny(operation, refusal, actor);
      throw refusal.exception();
    }
  }

  private Verdict check(Message request) {
    return switch (request) {
      case CreateSandboxRequest r -> guard.check(r);
      case DeleteSandboxRequest r -> guard.check(r);
      case CreateContainerRequest r -> guard.check(r);
      case StartContainerRequest r -> guard.check(r);
      case PauseContainerRequest r -> guard.check(r);
      case ResumeContainerRequest r -> guard.check(r);
      case SignalRequest r -> guard.check(r);
      case DeleteContainerRequest r -> guard.check(r);
      case ExecProcess r -> guard.check(r);
      case AttachContainer r -> guard.check(r);
      case WaitRequest r -> guard.check(r);
      case GetSandboxRequest r -> guard.checkSandbox(r.getTenant(), r.getSandboxId());
      case ListSandboxesRequest r -> guard.checkNames(r.getTenant(), "", "");
      case GetContainerRequest r -> guard.checkContainer(r.getTenant(), r.getContainerId());
      case ListContainersRequest r -> guard.checkNames(r.getTenant(), r.getSandboxId(), "");
      case ListProcessesRequest r -> guard.checkContainer(r.getTenant(), r.getContainerId());
      case GetContainerStatisticsRequest r ->
          guard.checkContainer(r.getTenant(), r.getContainerId());
      case GetSandboxStatisticsRequest r -> guard.checkSandbox(r.getTenant(), r.getSandboxId());
      case ReadLogsRequest r -> guard.check(r);
      case Input r -> guard.check(r);
      case ForwardPort r -> guard.check(r);
      case PortForwardRequest r -> guard.check(r);
      default -> throw new IllegalArgumentException("no rule for " + request.getClass());
    };
  }

  private synchronized void deny(String operation, Refusal refusal, Actor actor) {
    long now = clock.millis();
    if (now - lastRecorded < INTERVAL_MILLIS) {
      suppressed++;
      return;
    }
    RequestDenied denied =
        RequestDenied.newBuilder()
            .setBy("guard")
            .setOperation(operation)
            .setReason(refusal.reason().name())
            .setMessage(refusal.message())
            .setSuppressed(suppressed)
            .build();
    try {
      var _ =
          journal.append(
              Event.newBuilder()
                  .setPhase(Phase.OBSERVATION)
                  .setActor(actor)
                  .setRequestDenied(denied));
    } catch (JournalFullException e) {
      suppressed++;
      return;
    }
    lastRecorded = now;
    suppressed = 0;
  }
}
