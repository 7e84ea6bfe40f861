package dev.caisson.oci;

import static java.util.Map.entry;

import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Names of the typed specification's fields, as config.json has them. */
public final class DocumentNames {
  private static final String ROOTFS = "annotations[dev.caisson.spec.rootfs.";

  /** What is at the top of a specification. */
  private static final Map<String, String> TOP =
      Map.ofEntries(
          entry("oci_version", "ociVersion"),
          entry("process", "process"),
          entry("root", "root"),
          entry("hostname", "hostname"),
          entry("domainname", "domainname"),
          entry("mounts", "mounts"),
          entry("hooks", "hooks"),
          entry("annotations", "annotations"),
          entry("bundle", "bundle"),
          entry("cgroup_parent", "annotations[dev.caisson.spec.cgroup-parent]"),
          entry("cgroups_path", "linux.cgroupsPath"),
          entry("volumes", "annotations[dev.caisson.mount]"),
          entry("infrastructure", "annotations[io.kubernetes.cri.container-type]"),
          entry("namespaces", "linux.namespaces"),
          entry("user_namespace", "linux.namespaces"),
          entry("devices", "linux.devices"),
          entry("masked_paths", "linux.maskedPaths"),
          entry("readonly_paths", "linux.readonlyPaths"),
          entry("sysctl", "linux.sysctl"),
          entry("time_offsets", "linux.timeOffsets"),
          entry("resources", "linux.resources"),
          entry("seccomp", "linux.seccomp"),
          entry("personality", "linux.personality"),
          entry("memory_policy", "linux.memoryPolicy"),
          entry("rootfs_propagation", "linux.rootfsPropagation"),
          entry("mount_label", "linux.mountLabel"));

  /** What is elsewhere there. */
  private static final Map<String, String> ELSEWHERE =
      Map.ofEntries(
          entry("user_namespace.uid_mappings", "linux.uidMappings"),
          entry("user_namespace.gid_mappings", "linux.gidMappings"),
          entry("user_namespace.mode", Annotations.field(Annotations.USER_NAMESPACE)),
          entry("process.umask", "process.user.umask"),
          entry("process.cpu_affinity", "process.execCPUAffinity.final"),
          entry("root.type", ROOTFS + "type]"),
          entry("root.overlay", ROOTFS + "overlay]"),
          entry("root.overlay.medium", ROOTFS + "overlay]"),
          entry("root.overlay.directory", ROOTFS + "overlay]"),
          entry("root.overlay.size", ROOTFS + "overlay]"));

  /** What has another name in the same place. */
  private static final Map<String, String> RENAMED =
      Map.ofEntries(
          entry("seccomp.rules", "syscalls"),
          entry("seccomp.rules.conditions", "args"),
          entry("seccomp.rules.errno", "errnoRet"),
          entry("seccomp.default_errno", "defaultErrnoRet"),
          entry("user_namespace.uid_mappings.container_id", "containerID"),
          entry("user_namespace.uid_mappings.host_id", "hostID"),
          entry("user_namespace.gid_mappings.container_id", "containerID"),
          entry("user_namespace.gid_mappings.host_id", "hostID"),
          entry("mounts.subpath", "options"),
          entry("resources.block_io", "blockIO"),
          entry("resources.block_io.throttle_read_iops_device", "throttleReadIOPSDevice"),
          entry("resources.block_io.throttle_write_iops_device", "throttleWriteIOPSDevice"),
          entry("resources.memory.disable_oom_killer", "disableOOMKiller"),
          entry("resources.network.class_id", "classID"),
          entry("mounts.uid_mappings.container_id", "containerID"),
          entry("mounts.uid_mappings.host_id", "hostID"),
          entry("mounts.gid_mappings.container_id", "containerID"),
          entry("mounts.gid_mappings.host_id", "hostID"),
          entry("hooks.timeout_seconds", "timeout"),
          entry("hooks.prestart.timeout_seconds", "timeout"),
          entry("hooks.create_runtime.timeout_seconds", "timeout"),
          entry("hooks.create_container.timeout_seconds", "timeout"),
          entry("hooks.start_container.timeout_seconds", "timeout"),
          entry("hooks.poststart.timeout_seconds", "timeout"),
          entry("hooks.poststop.timeout_seconds", "timeout"),
          entry("time_offsets.seconds", "secs"),
          entry("time_offsets.nanoseconds", "nanosecs"));

  /** A path with a dot, an index or an underscore: other words may be plain ones. */
  private static final Pattern PATH =
      Pattern.compile(
          "(?<![\\w./-])(?=[a-z]+[_.\\[])[a-z_]+(\\[\\d+\\])?(\\.[a-z_]+(\\[\\d+\\])?)*(?![\\w/=-])");

  private static final Pattern UNDERSCORE = Pattern.compile("_([a-z])");

  private DocumentNames() {}

  /** A field as refusals name it; one that is in no document stays as it is. */
  public static String of(String field) {
    String path = field.startsWith("spec.") ? field.substring("spec.".length()) : field;
    String first = name(path.split("\\.", 2)[0]);
    String top = TOP.get(first);
    if (top == null) {
      return field;
    }
    // The names of kernel parameters and of annotations are nobody's to change.
    return first.equals("sysctl") || first.equals("annotations")
        ? top + path.substring(first.length())
        : inner(path.split("\\.", -1), top);
  }

  private static String inner(String[] segments, String top) {
    String key = name(segments[0]);
    StringBuilder made = new StringBuilder(top).append(index(segments[0]));
    for (int i = 1; i < segments.length; i++) {
      String name = name(segments[i]);
      key += "." + name;
      String elsewhere = ELSEWHERE.get(key);
      if (elsewhere != null) {
        made.setLength(0);
        made.append(elsewhere);
      } else {
        made.append('.').append(RENAMED.getOrDefault(key, camel(name)));
      }
      made.append(index(segments[i]));
    }
    return made.toString();
  }

  /** A sentence about a field, and what else of a specification it names. */
  public static String in(String sentence, String field) {
    String text =
        !field.isEmpty() && sentence.startsWith(field + " ")
            ? of(field) + sentence.substring(field.length())
            : sentence;
    return PATH.matcher(text).replaceAll(DocumentNames::quoted);
  }

  private static String quoted(MatchResult path) {
    return java.util.regex.Matcher.quoteReplacement(of(path.group()));
  }

  /** Whether the top of a specification has that field, for the test that this is complete. */
  static boolean knows(String name) {
    return TOP.containsKey(name);
  }

  private static String name(String segment) {
    int bracket = segment.indexOf('[');
    return bracket < 0 ? segment : segment.substring(0, bracket);
  }

  private static String index(String segment) {
    int bracket = segment.indexOf('[');
    return bracket < 0 ? "" : segment.substring(bracket);
  }

  private static String camel(String name) {
    return UNDERSCORE
        .matcher(name)
        .replaceAll(letter -> letter.group(1).toUpperCase(java.util.Locale.ROOT));
  }
}
