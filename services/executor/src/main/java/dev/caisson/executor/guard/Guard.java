package dev.caisson.executor.guard;

import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.proto.executor.v1.AttachContainer;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.executor.v1.CreateSandboxRequest;
import dev.caisson.proto.executor.v1.DeleteContainerRequest;
import dev.caisson.proto.executor.v1.DeleteSandboxRequest;
import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.executor.v1.ForwardPort;
import dev.caisson.proto.executor.v1.Input;
import dev.caisson.proto.executor.v1.PauseContainerRequest;
import dev.caisson.proto.executor.v1.PortForwardRequest;
import dev.caisson.proto.executor.v1.ReadLogsRequest;
import dev.caisson.proto.executor.v1.ResumeContainerRequest;
import dev.caisson.proto.executor.v1.SignalRequest;
import dev.caisson.proto.executor.v1.StartContainerRequest;
import dev.caisson.proto.executor.v1.UpdateContainerRequest;
import dev.caisson.proto.executor.v1.UpdateSandboxRequest;
import dev.caisson.proto.executor.v1.WaitRequest;

/**
 * Decides on every request as if the gateway had been taken over. Immutable, for any thread.
 *
 * <p>It holds the bounds of the API and the rules of the host. What it allows may still be refused
 * by the plan, where there is no way to carry it out.
 */
public final class Guard {
  private final GuardPolicy policy;

  public Guard(GuardPolicy policy) {
    this.policy = policy;
  }

  public GuardPolicy policy() {
    return policy;
  }

  public Verdict check(CreateSandboxRequest request) {
    return verdict(() -> {
      Names.checkActor(request.getActor());
      Names.checkTenant(request.getTenant());
      Names.checkSandbox(request.getSandboxId());
      Names.checkHostname(request.getHostname());
      Names.checkAnnotations(request.getAnnotationsMap());
      new UserNamespaces(policy).checkListless("user_namespace", request.getUserNamespace());
      ResourceBounds.checkSandbox("resources", request.getResources());
      ResourceRules.checkPowers(policy, request.getResources());
      ContainerRules.checkVolumes(request.getVolumesList());
      CgroupRules.checkParent(policy, request.getCgroupParent());
      if (request.hasNetwork()) {
        NetworkRules.check(policy.networks(), request.getNetwork());
      }
    });
  }

  public Verdict check(CreateContainerRequest request) {
    return verdict(() -> ContainerRules.check(policy, request));
  }

  /** The process of the request alone; completed from the container's it is checked once more. */
  public Verdict check(ExecProcess request) {
    return verdict(() -> {
      checkTarget(request.getActor(), request.getTenant(), request.getContainerId());
      ProcessBounds.check(request.getProcess(), request.getAddEnvList());
      HostRules.checkCapabilities(policy, request.getProcess().getCapabilities());
      HostRules.checkScheduling(policy, request.getProcess());
      HostRules.checkRlimits(policy, request.getProcess());
    });
  }

  public Verdict check(DeleteSandboxRequest request) {
    return verdict(() -> {
      Names.checkActor(request.getActor());
      Names.checkTenant(request.getTenant());
      Names.checkSandbox(request.getSandboxId());
    });
  }

  public Verdict check(StartContainerRequest request) {
    return target(request.getActor(), request.getTenant(), request.getContainerId());
  }

  public Verdict check(PauseContainerRequest request) {
    return target(request.getActor(), request.getTenant(), request.getContainerId());
  }

  public Verdict check(ResumeContainerRequest request) {
    return target(request.getActor(), request.getTenant(), request.getContainerId());
  }

  /** What is asked for alone; with what it is put over it is checked by whoever changes it. */
  public Verdict check(UpdateContainerRequest request) {
    return verdict(() -> {
      checkTarget(request.getActor(), request.getTenant(), request.getContainerId());
      ResourceBounds.checkUpdate("resources", request.getResources());
      ResourceRules.checkUpdate(policy.limits(), request.getResources());
    });
  }

  public Verdict check(UpdateSandboxRequest request) {
    return verdict(() -> {
      Names.checkActor(request.getActor());
      Names.checkTenant(request.getTenant());
      Names.checkSandbox(request.getSandboxId());
      ResourceBounds.checkUpdate("resources", request.getResources());
    });
  }

  public Verdict check(DeleteContainerRequest request) {
    return verdict(() -> {
      checkTarget(request.getActor(), request.getTenant(), request.getContainerId());
      Names.checkOptional("sandbox_id", request.getSandboxId());
    });
  }

  public Verdict check(AttachContainer request) {
    return verdict(() -> {
      checkTarget(request.getActor(), request.getTenant(), request.getContainerId());
      Names.checkProcess(request.getProcessId());
    });
  }

  public Verdict check(WaitRequest request) {
    return verdict(() -> {
      Names.checkTenant(request.getTenant());
      Names.checkContainer(request.getContainerId());
      Names.checkProcess(request.getProcessId());
    });
  }

  public Verdict check(SignalRequest request) {
    return verdict(() -> {
      checkTarget(request.getActor(), request.getTenant(), request.getContainerId());
      Names.checkOptional("sandbox_id", request.getSandboxId());
      Names.checkProcess(request.getProcessId());
      Bounds.range("signal", request.getSignal(), 0, Bounds.MAX_SIGNAL);
      Bounds.check(
          !request.getAll() || request.getProcessId().isEmpty(),
          "process_id",
          "be empty when all are signalled",
          request.getProcessId());
      Bounds.check(
          !request.getAll() || !request.getForeground(),
          "foreground",
          "be false when all are signalled",
          "true");
    });
  }

  public Verdict check(ReadLogsRequest request) {
    return verdict(() -> {
      Names.checkTenant(request.getTenant());
      Names.checkContainer(request.getContainerId());
      Bounds.range("since.seconds", request.getSince().getSeconds(), 0, Bounds.LAST_SECOND);
      Bounds.range("since.nanos", request.getSince().getNanos(), 0, Bounds.MAX_NANOS);
    });
  }

  public Verdict check(Input input) {
    return verdict(() -> {
      Bounds.atMost("stdin", input.getStdin().size(), Bounds.MAX_STDIN_BYTES, "bytes");
      Bounds.range("signal", input.getSignal(), 0, Bounds.MAX_SIGNAL);
      Bounds.check(
          !input.getDetach() || input.equals(Input.newBuilder().setDetach(true).build()),
          "detach",
          "be alone in its message",
          "it comes with other input");
      if (input.hasResize()) {
        ProcessBounds.checkConsole("resize", input.getResize());
      }
    });
  }

  public Verdict check(ForwardPort request) {
    return verdict(() -> {
      checkTarget(request.getActor(), request.getTenant(), request.getContainerId());
      Bounds.range("port", Integer.toUnsignedLong(request.getPort()), 1, Bounds.MAX_PORT);
    });
  }

  /** Of a message that carries data for a port, everything but the data's own bytes. */
  public Verdict check(PortForwardRequest request) {
    return verdict(() -> {
      Bounds.check(
          request.hasData(), "message", "be data after the first one", request.getMessageCase());
      Bounds.range("data", request.getData().size(), 1, Bounds.MAX_FORWARDED_BYTES);
    });
  }

  /** A request that only reads: its names. Empty ids mean all. */
  public Verdict checkNames(String tenant, String sandboxId, String containerId) {
    return verdict(() -> {
      Names.checkOptional("tenant", tenant);
      Names.checkOptional("sandbox_id", sandboxId);
      Names.checkOptional("container_id", containerId);
    });
  }

  /** A request that reads one container. */
  public Verdict checkContainer(String tenant, String container) {
    return verdict(() -> {
      Names.checkTenant(tenant);
      Names.checkContainer(container);
    });
  }

  /** A request that reads one sandbox. */
  public Verdict checkSandbox(String tenant, String sandbox) {
    return verdict(() -> {
      Names.checkTenant(tenant);
      Names.checkSandbox(sandbox);
    });
  }

  private static Verdict target(
      dev.caisson.proto.types.v1.Actor actor, String tenant, String container) {
    return verdict(() -> checkTarget(actor, tenant, container));
  }

  private static void checkTarget(
      dev.caisson.proto.types.v1.Actor actor, String tenant, String container) {
    Names.checkActor(actor);
    Names.checkTenant(tenant);
    Names.checkContainer(container);
  }

  private static Verdict verdict(Runnable rules) {
    try {
      rules.run();
      return new Verdict.Allowed();
    } catch (RefusedException e) {
      return new Verdict.Refused(e.refusal());
    }
  }
}
