package dev.caisson.executor.guard;

import dev.caisson.executor.log.LogSettings;
import dev.caisson.executor.plan.Volumes;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.IgnoredField;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.Volume;
import java.util.List;

/** The creation of a container: its bounds, then the host's rules. */
final class ContainerRules {
  private static final int MAX_VERSION_BYTES = 64;
  private static final int MAX_PATH_BYTES = 4095;

  private ContainerRules() {}

  static void check(GuardPolicy policy, CreateContainerRequest request) {
    Names.checkActor(request.getActor());
    Names.checkTenant(request.getTenant());
    Names.checkContainer(request.getContainerId());
    Names.checkOptional("sandbox_id", request.getSandboxId());
    checkStdio(request);
    checkLogs(policy, request);
    checkIgnored(request.getIgnoredList());
    boolean root = request.getSandboxId().isEmpty();
    checkBounds(request.getSpec(), root);
    ResourceBounds.check("spec.resources", request.getSpec().getResources());
    ResourceBounds.checkSandbox("sandbox_resources", request.getSandboxResources());
    ResourceRules.checkPowers(policy, request.getSandboxResources());
    NetworkRules.check(policy.networks(), request);
    HostRules.check(policy, request.getSpec(), root);
  }

  private static void checkStdio(CreateContainerRequest request) {
    switch (request.getStdio()) {
      case STDIO_MODE_UNSPECIFIED, UNRECOGNIZED ->
          Bounds.check(false, "stdio", "be DISCARD or PIPE", "unspecified");
      case DISCARD, PIPE -> {}
    }
  }

  private static void checkLogs(GuardPolicy policy, CreateContainerRequest request) {
    if (!request.hasLogs()) {
      return;
    }
    LogSettings logs = LogSettings.of(request.getLogs());
    Bounds.range("logs.max_bytes", logs.maxBytes(), LogSettings.MIN_BYTES, LogSettings.MAX_BYTES);
    Bounds.range("logs.max_files", logs.maxFiles(), LogSettings.MIN_FILES, LogSettings.MAX_FILES);
    long most = policy.limits().logBytes();
    if (logs.totalBytes() > most) {
      throw HostRules.refused(
          "limits.log-bytes",
          "logs.max_bytes times logs.max_files must be at most " + most + ": " + logs.totalBytes());
    }
  }

  /** They end up on somebody's terminal. */
  private static void checkIgnored(List<IgnoredField> ignored) {
    Bounds.atMost("ignored", ignored.size(), Bounds.MAX_IGNORED, "entries");
    for (IgnoredField field : ignored) {
      checkText(field.getField(), Bounds.MAX_IGNORED_BYTES);
      checkText(field.getWhy(), Bounds.MAX_IGNORED_BYTES);
      checkText(field.getValue(), Bounds.MAX_IGNORED_VALUE_BYTES);
    }
  }

  private static void checkText(String text, int most) {
    Bounds.atMost("ignored", Bounds.bytes(text), most, "bytes in a text");
    boolean plain = text.chars().noneMatch(Character::isISOControl);
    Bounds.check(plain, "ignored", "have no control characters", text);
  }

  private static void checkBounds(ContainerSpec spec, boolean root) {
    Bounds.check(spec.hasProcess(), "process", "be given", "absent");
    ProcessBounds.check(spec.getProcess(), List.of());
    Names.checkHostname(spec.getHostname());
    Names.checkHostname(spec.getDomainname());
    Names.checkAnnotations(spec.getAnnotationsMap());
    Bounds.atMost("oci_version", Bounds.bytes(spec.getOciVersion()), MAX_VERSION_BYTES, "bytes");
    Bounds.atMost("devices", spec.getDevicesCount(), Bounds.MAX_DEVICES, "entries");
    Bounds.atMost("namespaces", spec.getNamespacesCount(), Bounds.MAX_NAMESPACES, "entries");
    Bounds.atMost("sysctl", spec.getSysctlCount(), Bounds.MAX_SYSCTLS, "entries");
    checkPaths("masked_paths", spec.getMaskedPathsList());
    checkPaths("readonly_paths", spec.getReadonlyPathsList());
    checkMounts(spec.getMountsList());
    checkVolumes(spec.getVolumesList());
    Bounds.check(
        root || spec.getVolumesCount() == 0,
        "volumes",
        "be given where the sandbox is made",
        spec.getVolumesCount());
    HookRules.checkBounds(spec.getHooks());
    SeccompRules.checkBounds(spec.getSeccomp());
  }

  private static void checkPaths(String field, List<String> paths) {
    Bounds.atMost(field, paths.size(), Bounds.MAX_PATHS, "entries");
    paths.forEach(path -> Bounds.atMost(field, Bounds.bytes(path), MAX_PATH_BYTES, "bytes"));
  }

  private static void checkMounts(List<Mount> mounts) {
    Bounds.atMost("mounts", mounts.size(), Bounds.MAX_MOUNTS, "entries");
    for (int i = 0; i < mounts.size(); i++) {
      checkOptions("mounts[" + i + "].options", mounts.get(i).getOptionsList());
    }
  }

  /** Of a sandbox, by either way in. */
  static void checkVolumes(List<Volume> volumes) {
    Bounds.atMost("volumes", volumes.size(), Bounds.MAX_VOLUMES, "entries");
    for (int i = 0; i < volumes.size(); i++) {
      checkOptions("volumes[" + i + "].options", volumes.get(i).getOptionsList());
    }
    Volumes.check(volumes);
  }

  private static void checkOptions(String field, List<String> options) {
    Bounds.atMost(field, options.size(), Bounds.MAX_MOUNT_OPTIONS, "entries");
    options.forEach(option ->
        Bounds.atMost(field, Bounds.bytes(option), Bounds.MAX_MOUNT_OPTION_BYTES, "bytes"));
  }
}
