package dev.caisson.executor;

import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.types.v1.Capabilities;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.UserNamespace;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;

/**
 * What a gateway that has been taken over would ask for, at the executor's own socket: each is
 * after what one rule of the guard does not allow, or what belongs to another tenant.
 */
final class GatewayAttacks {
  private static final int REFUSALS = 60;
  private static final long SYS_ADMIN = 1L << 21;
  private static final String TEXT = "of-the-host";

  private GatewayAttacks() {}

  static Map<String, Attack> all() {
    Map<String, Attack> attacks = new TreeMap<>();
    attacks.put("takeACapability", GatewayAttacks::takeACapability);
    attacks.put("takeACapabilityLater", GatewayAttacks::takeACapabilityLater);
    attacks.put("gainPrivileges", GatewayAttacks::gainPrivileges);
    attacks.put("keepTheHostsNetwork", GatewayAttacks::keepTheHostsNetwork);
    attacks.put("keepTheHostsUsers", GatewayAttacks::keepTheHostsUsers);
    attacks.put("mapTheHostsRoot", GatewayAttacks::mapTheHostsRoot);
    attacks.put("comeBeforeAllOthers", GatewayAttacks::comeBeforeAllOthers);
    attacks.put("leaveTheCgroupOfSandboxes", GatewayAttacks::leaveTheCgroupOfSandboxes);
    attacks.put("useADeviceOfAVolume", GatewayAttacks::useADeviceOfAVolume);
    attacks.put("bindTheHost", GatewayAttacks::bindTheHost);
    attacks.put("runTheHostsFiles", GatewayAttacks::runTheHostsFiles);
    attacks.put("joinTheHostsNetwork", GatewayAttacks::joinTheHostsNetwork);
    attacks.put("joinAnotherTenantsNetwork", GatewayAttacks::joinAnotherTenantsNetwork);
    attacks.put("executeWithoutEnd", GatewayAttacks::executeWithoutEnd);
    attacks.put("fillTheRecordWithRefusals", GatewayAttacks::fillTheRecord);
    return attacks;
  }

  /** What it writes; nothing where it does not run. */
  private static String seen(TestNode node, ContainerSpec.Builder spec) {
    try {
      return node.run(spec).out();
    } catch (CompletionException | StatusRuntimeException refused) {
      return "";
    }
  }

  private static ContainerSpec.Builder status(TestNode node, String field) {
    return node.spec("awk", "/^" + field + ":/ { print $2 }", "/proc/self/status");
  }

  private static Capabilities.Builder powerful() {
    return Capabilities.newBuilder()
        .addBounding("CAP_SYS_ADMIN")
        .addPermitted("CAP_SYS_ADMIN")
        .addEffective("CAP_SYS_ADMIN");
  }

  private static boolean isPowerful(String set) {
    return !set.isBlank() && (Long.parseUnsignedLong(set.strip(), 16) & SYS_ADMIN) != 0;
  }

  private static boolean takeACapability(TestNode node) {
    ContainerSpec.Builder spec = status(node, "CapEff");
    spec.getProcessBuilder().setCapabilities(powerful());
    return isPowerful(seen(node, spec));
  }

  private static boolean takeACapabilityLater(TestNode node) {
    node.started("c", node.spec("sleep", "60"));
    Process asked = status(node, "CapEff").getProcess();
    var exec = TestNode.execRequest("c");
    exec.setProcess(asked.toBuilder().setCapabilities(powerful()));
    try {
      return isPowerful(node.exec(exec).ended().out());
    } catch (CompletionException refused) {
      return false;
    }
  }

  private static boolean gainPrivileges(TestNode node) {
    ContainerSpec.Builder spec = status(node, "NoNewPrivs");
    spec.getProcessBuilder().setNoNewPrivileges(false);
    return seen(node, spec).equals("0\n");
  }

  private static boolean has(TestNode node, ContainerSpec.Builder spec, String type)
      throws IOException {
    TestNode.shell(spec, "readlink /proc/self/ns/" + type);
    String hosts = Files.readSymbolicLink(Path.of("/proc/self/ns", type)).toString();
    return seen(node, spec).equals(hosts + "\n");
  }

  private static ContainerSpec.Builder inNetwork(TestNode node, Namespace.Builder... networks) {
    ContainerSpec.Builder spec = node.spec("true");
    List<Namespace> others =
        spec.getNamespacesList().stream()
            .filter(one -> one.getType() != Namespace.Type.NETWORK)
            .toList();
    spec.clearNamespaces().addAllNamespaces(others);
    Stream.of(networks).forEach(spec::addNamespaces);
    return spec;
  }

  private static Namespace.Builder networkOf(long pid) {
    return Namespace.newBuilder()
        .setType(Namespace.Type.NETWORK)
        .setPath("/proc/" + pid + "/ns/net");
  }

  private static boolean keepTheHostsNetwork(TestNode node) throws IOException {
    return has(node, inNetwork(node), "net");
  }

  private static boolean keepTheHostsUsers(TestNode node) throws IOException {
    ContainerSpec.Builder spec = node.spec("true");
    spec.setUserNamespace(UserNamespace.newBuilder().setMode(UserNamespace.Mode.HOST));
    return has(node, spec, "user");
  }

  private static boolean mapTheHostsRoot(TestNode node) {
    IdMapping root = IdMapping.newBuilder().setSize(1).build();
    ContainerSpec.Builder spec = node.spec("cat", "/proc/self/uid_map");
    spec.setUserNamespace(
        UserNamespace.newBuilder()
            .setMode(UserNamespace.Mode.MAPPED)
            .addUidMappings(root)
            .addGidMappings(root));
    return seen(node, spec).matches("\\s+0\\s+0\\s+1\n");
  }

  private static boolean comeBeforeAllOthers(TestNode node) throws IOException {
    node.allow("user-namespace.host = true");
    node.restart();
    ContainerSpec.Builder spec = node.spec("cut", "-d", " ", "-f", "19", "/proc/self/stat");
    spec.setUserNamespace(UserNamespace.newBuilder().setMode(UserNamespace.Mode.HOST));
    spec.getProcessBuilder().getSchedulerBuilder().setPolicy("SCHED_OTHER").setNice(-5);
    return seen(node, spec).equals("-5\n");
  }

  private static boolean leaveTheCgroupOfSandboxes(TestNode node) {
    try {
      var container = node.create("c", node.spec("sleep", "60").setCgroupParent("/"));
      return container.getCgroup().startsWith("/sandbox-");
    } catch (StatusRuntimeException refused) {
      return false;
    }
  }

  private static boolean useADeviceOfAVolume(TestNode node) throws IOException {
    ContainerSpec.Builder spec = node.shell("head -c 1 /shared/zero > /dev/null && echo opened");
    Path volume = node.share(spec);
    spec.setMounts(0, spec.getMounts(0).toBuilder().addOptions("dev"));
    OnNode.onHost("mknod", "-m", "666", volume.resolve("zero").toString(), "c", "1", "5");
    return seen(node, spec).equals("opened\n");
  }

  private static boolean bindTheHost(TestNode node) throws IOException {
    Path outside = Files.createDirectory(node.base().resolve("outside"));
    Files.writeString(outside.resolve("secret"), TEXT);
    ContainerSpec.Builder spec = node.spec("cat", "/shared/secret");
    node.share(spec);
    spec.setMounts(0, spec.getMounts(0).toBuilder().setSource(outside.toString()));
    return seen(node, spec).equals(TEXT);
  }

  private static boolean runTheHostsFiles(TestNode node) throws IOException {
    Path outside = Files.createDirectories(node.base().resolve("outside/bin"));
    Files.copy(node.rootfs().resolve("bin/busybox"), outside.resolve("busybox"));
    ContainerSpec.Builder spec = node.spec("/bin/busybox", "echo", TEXT);
    spec.getRootBuilder().setPath(outside.getParent().toString());
    return seen(node, spec).equals(TEXT + "\n");
  }

  private static boolean joinTheHostsNetwork(TestNode node) throws IOException {
    Path file = Files.createFile(Files.createDirectory(node.base().resolve("ns")).resolve("net"));
    OnNode.onHost("mount", "--bind", "/proc/self/ns/net", file.toString());
    try {
      node.allow("namespaces.roots = " + file.getParent());
      node.restart();
      return has(node, inNetwork(node, networkOf(1).setPath(file.toString())), "net");
    } finally {
      OnNode.onHost("umount", file.toString());
    }
  }

  private static boolean joinAnotherTenantsNetwork(TestNode node) {
    int pid = node.started("first", node.spec("sleep", "60")).getPid();
    ContainerSpec.Builder spec = inNetwork(node, networkOf(pid));
    CreateContainerRequest request = node.request("spy", spec).setTenant("other").build();
    try {
      return !node.stub().createContainer(request).getUid().isEmpty();
    } catch (StatusRuntimeException refused) {
      return false;
    }
  }

  private static boolean executeWithoutEnd(TestNode node) throws IOException {
    node.allow("limits.execs-per-sandbox = 2");
    node.restart();
    node.started("c", node.spec("sleep", "60"));
    try {
      for (int i = 0; i < 3; i++) {
        node.exec("c", "sleep", "60").execStarted();
      }
      return true;
    } catch (CompletionException refused) {
      return false;
    }
  }

  private static boolean fillTheRecord(TestNode node) throws IOException {
    for (int i = 0; i < REFUSALS; i++) {
      try {
        var _ = node.create("..", node.spec("true"));
      } catch (StatusRuntimeException refused) {
        // As it must be.
      }
    }
    try (Stream<Path> files = Files.walk(node.data().resolve("journal"))) {
      return files.filter(Files::isRegularFile).mapToInt(GatewayAttacks::refusals).sum()
          > REFUSALS / 2;
    }
  }

  private static int refusals(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1)
              .split("container_id must", -1)
              .length
          - 1;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
