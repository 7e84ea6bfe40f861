package dev.caisson.executor.plan;

import com.google.protobuf.ByteString;
import dev.caisson.proto.types.v1.Capabilities;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.RootFilesystem;
import dev.caisson.proto.types.v1.Seccomp;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Specifications to test with. */
final class Specs {
  static final int LAST_CAPABILITY = 40;

  private Specs() {}

  /** The least that there is a plan for. */
  static ContainerSpec.Builder least() {
    return ContainerSpec.newBuilder()
        .setProcess(Process.newBuilder().addArgs("/bin/true"))
        .setRoot(RootFilesystem.newBuilder().setPath("/srv/rootfs"))
        .addAllNamespaces(
            namespaces(
                Namespace.Type.PID,
                Namespace.Type.NETWORK,
                Namespace.Type.MOUNT,
                Namespace.Type.IPC,
                Namespace.Type.UTS,
                Namespace.Type.CGROUP));
  }

  static List<Namespace> namespaces(Namespace.Type... types) {
    return List.of(types).stream()
        .map(type -> Namespace.newBuilder().setType(type).build())
        .toList();
  }

  static Mount mount(String destination, String type, String source, String... options) {
    return Mount.newBuilder()
        .setDestination(destination)
        .setType(type)
        .setSource(source)
        .addAllOptions(List.of(options))
        .build();
  }

  static Capabilities capabilities(String... names) {
    List<String> all = List.of(names);
    return Capabilities.newBuilder()
        .addAllBounding(all)
        .addAllEffective(all)
        .addAllPermitted(all)
        .build();
  }

  static ContainerFacts facts() {
    return facts(new CgroupFacts(List.of(), true));
  }

  static ContainerFacts facts(CgroupFacts cgroup) {
    return facts(cgroup, Optional.empty());
  }

  static ContainerFacts facts(CgroupFacts cgroup, Optional<Filter> filter) {
    return new ContainerFacts(
        true, cgroup, true, Set.of("/srv/file"), LAST_CAPABILITY, filter, Set.of());
  }

  static ContainerFacts further() {
    return new ContainerFacts(
        false,
        new CgroupFacts(List.of(), true),
        false,
        Set.of(),
        LAST_CAPABILITY,
        Optional.empty(),
        Set.of());
  }

  /** Lets everything pass that is not said to fail. */
  static Seccomp.Builder seccomp(String... failing) {
    return Seccomp.newBuilder()
        .setDefaultAction("SCMP_ACT_ALLOW")
        .addRules(
            Seccomp.SyscallRule.newBuilder()
                .addNames("bpf")
                .addAllNames(List.of(failing))
                .setAction("SCMP_ACT_ERRNO"));
  }

  /** Three instructions, as a compiler would make them. */
  static Filter filter(Seccomp seccomp) {
    ByteString instructions = ByteString.copyFromUtf8("ld  nr; jeq bpf;ret k   ");
    ByteString sha256 = ByteString.copyFrom(new byte[32]);
    return new Filter(instructions, sha256, FilterRules.flags(seccomp), List.of());
  }

  static CgroupFacts hybrid() {
    return new CgroupFacts(List.of("memory", "cpu,cpuacct", "name=systemd"), true);
  }
}
