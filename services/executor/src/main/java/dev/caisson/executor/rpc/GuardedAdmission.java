package dev.caisson.executor.rpc;

import com.google.protobuf.Message;
import dev.caisson.executor.guard.Guard;
import dev.caisson.executor.guard.Verdict;
import dev.caisson.executor.journal.Denials;
import dev.caisson.executor.refusal.Refusal;
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
import dev.caisson.proto.executor.v1.UpdateContainerRequest;
import dev.caisson.proto.executor.v1.UpdateSandboxRequest;
import dev.caisson.proto.executor.v1.WaitRequest;
import dev.caisson.proto.types.v1.Actor;

/**
 * The guard before every command. A denial is recorded, or counted.
 *
 * <p>Thread-safe.
 */
public final class GuardedAdmission implements Admission {
  private final Guard guard;
  private final Denials denials;

  public GuardedAdmission(Guard guard, Denials denials) {
    this.guard = guard;
    this.denials = denials;
  }

  @Override
  public void admit(String operation, Message request, Actor actor) {
    if (check(request) instanceof Verdict.Refused(Refusal refusal)) {
      var _ = denials.record(operation, refusal.reason().name(), refusal.message(), actor);
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
      case UpdateContainerRequest r -> guard.check(r);
      case UpdateSandboxRequest r -> guard.check(r);
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
}
