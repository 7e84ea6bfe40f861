package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.executor.v1.CreateSandboxRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.Sandbox;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Hook;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.Network;
import dev.caisson.proto.types.v1.NetworkStatus;
import dev.caisson.proto.types.v1.PortMapping;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Sandboxes in networks of the host, by CNI plugins: those of Debian, and some that go wrong. */
class NetworksIT {
  private static final String BRIDGE =
      """
      {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
       "ipam": {"type": "host-local", "dataDir": "%s", "ranges": [[{"subnet": "10.99.0.0/23"}]],
                "routes": [{"dst": "0.0.0.0/0"}]},
       "dns": {"nameservers": ["10.99.0.1"], "search": ["example.org"]}}\
      """;

  /** Whose rules do not depend on what becomes of the interface: docs/networks.md. */
  private static final String UNMASKED = BRIDGE.replace("\"ipMasq\": true, ", "");

  private static final String PORTMAP =
      "{\"type\": \"portmap\", \"capabilities\": {\"portMappings\": true}}";
  private static final String FIREWALL = "{\"type\": \"firewall\"}";
  private static final String STAND_IN = "{\"type\": \"stand-in\"}";

  private TestNode node;
  private StandInHost host;

  /** With a network called {@code pods}. */
  private void begin(TestNode launched, String... plugins) throws IOException {
    node = launched;
    host = StandInHost.make(leases());
    node.network(host.namespace(), node.base().resolve("hooks"));
    configure(plugins);
    node.allow("networks.cni = pods", "networks.host-ports = 8000-8999");
    node.restart();
  }

  private void configure(String... plugins) throws IOException {
    String all = String.join(",", plugins).replace("%s", leases().toString());
    // Debian 12's portmap (1.1.1) looks for rules of IPv6 in a network that has none.
    boolean unchecked = List.of(plugins).contains(PORTMAP);
    Files.writeString(
        node.networks().resolve("10-pods.conflist"),
        "{\"cniVersion\": \"1.0.0\", \"name\": \"pods\", \"disableCheck\": "
            + unchecked
            + ", \"plugins\": ["
            + all
            + "]}");
  }

  private Path leases() {
    return node.base().resolve("leases");
  }

  /** A plugin that passes on what it was given, in this script's way. */
  private void standIn(String script) throws IOException {
    Path plugin = node.base().resolve("hooks/stand-in");
    Files.writeString(
        plugin,
        """
        #!/bin/sh
        input=$(cat)
        pass() { [ "$CNI_COMMAND" != ADD ] || echo "$input" | sed 's/.*"prevResult":\\(.*\\)}$/\\1/'; }
        fail() { echo "{\\"cniVersion\\": \\"1.0.0\\", \\"code\\": 11, \\"msg\\": \\"$1\\"}"; exit 1; }
        """
            + script
            + "\n");
    Files.setPosixFilePermissions(plugin, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Path said() {
    return node.base().resolve("said");
  }

  @AfterEach
  void end() throws Exception {
    try {
      if (node != null) {
        node.close();
      }
    } finally {
      if (host != null) {
        host.close();
      }
    }
  }

  private static Network.Builder pods() {
    return Network.newBuilder().setName("pods");
  }

  private static Network published(int hostPort, int port) {
    return pods()
        .addPorts(
            PortMapping.newBuilder()
                .setHostPort(hostPort)
                .setContainerPort(port)
                .setProtocol(PortMapping.Protocol.TCP))
        .build();
  }

  private CreateSandboxRequest sandboxIn(String id, Network network) {
    return TestNode.sandboxRequest(id).setNetwork(network).build();
  }

  private CreateContainerRequest in(Network network, String id, ContainerSpec.Builder spec) {
    return node.request(id, spec).setNetwork(network).build();
  }

  private void startIn(Network network, String id, ContainerSpec.Builder spec) {
    var _ = node.stub().createContainer(in(network, id, spec));
    var _ = node.start(id);
  }

  private ContainerSpec.Builder server(String answer) {
    return node.spec("nc", "-ll", "-p", "8000", "-e", "echo", answer);
  }

  private static String address(Sandbox sandbox) {
    NetworkStatus.NetworkInterface one = sandbox.getNetworkStatus().getInterfaces(0);
    assertThat(one.getName()).isEqualTo("eth0");
    return one.getAddresses(0).getAddress().replaceAll("/.*", "");
  }

  private String read(String container, String address, int port) {
    return node.exec(container, "nc", "-w", "3", address, String.valueOf(port))
        .closeInput()
        .ended()
        .out();
  }

  private String inside(String container, String... command) {
    return node.exec(container, command).ended().out();
  }

  private void nothingRemains() throws IOException {
    TestNode.eventually(
        "nothing is left of networks",
        () -> host.traces().isEmpty() && kept().isEmpty(),
        () -> assertThat(List.of(host.traces(), kept())).isEqualTo(List.of(List.of(), List.of())));
  }

  /** What the executor knows of networks. */
  private List<String> kept() {
    String[] names = node.data().resolve("networks").toFile().list();
    return names == null ? List.of() : List.of(names);
  }

  @Test
  void podsTalkToEachOtherAndToTheWorld() throws Exception {
    begin(TestNode.launch(), BRIDGE, PORTMAP, FIREWALL);
    host.serveOutside(8000, "world");
    var _ = node.stub().createSandbox(sandboxIn("a", published(8080, 8000)));
    var _ = node.createIn("a", "a1", server("first"));
    var _ = node.start("a1");
    startIn(pods().build(), "b", server("second"));

    String a = address(node.sandbox("a"));
    String b = address(node.sandbox("b"));
    assertThat(a).startsWith("10.99.").isNotEqualTo(b);
    talks(a, b);
    node.restart();
    assertThat(address(node.sandbox("a"))).isEqualTo(a);
    talks(a, b);
    assertThat(node.sandbox("a").getDegradedList()).isEmpty();

    node.deleteSandbox("a", true);
    node.delete("b", true);
    assertThat(host.traces()).isEmpty();
    assertThat(kept()).isEmpty();
    assertThat(host.readFromOutside(StandInHost.ADDRESS, 8080)).doesNotContain("first");
  }

  private void talks(String a, String b) {
    TestNode.eventually("a server listens", () -> read("a1", b, 8000).equals("second\n"));
    TestNode.eventually("so does the other", () -> read("b", a, 8000).equals("first\n"));
    TestNode.eventually("on loopback", () -> read("b", "127.0.0.1", 8000).equals("second\n"));
    assertThat(read("a1", StandInHost.OUTSIDE, 8000)).isEqualTo("world\n");
    assertThat(host.readFromOutside(StandInHost.ADDRESS, 8080)).isEqualTo("first\n");
    assertThat(read("b", StandInHost.ADDRESS, 8080)).as("by the host's port").isEqualTo("first\n");
  }

  @Test
  void theApiSaysWhatThePluginsHaveMade() throws Exception {
    begin(TestNode.launch(), BRIDGE, PORTMAP);
    Sandbox made = node.stub().createSandbox(sandboxIn("a", published(8080, 8000)));
    assertThat(made.getNetwork()).isEqualTo(published(8080, 8000));
    NetworkStatus status = made.getNetworkStatus();
    assertThat(status.getName()).isEqualTo("pods");
    assertThat(status.getInterfacesList()).hasSize(1);
    assertThat(status.getInterfaces(0).getMac()).hasSize(17);
    assertThat(status.getInterfaces(0).getAddresses(0).getAddress()).endsWith("/23");
    assertThat(status.getInterfaces(0).getAddresses(0).getGateway()).isEqualTo("10.99.0.1");
    assertThat(status.getRoutes(0).getDestination()).isEqualTo("0.0.0.0/0");
    assertThat(status.getDns().getNameserversList()).containsExactly("10.99.0.1");
    assertThat(node.sandbox("a")).isEqualTo(made);

    node.deleteSandbox("a", false);
    List<Event> events =
        Recorded.of(node).stream()
            .filter(event -> event.hasNetworkAttached() || event.hasNetworkDetached())
            .toList();
    assertThat(events)
        .extracting(Event::getPhase)
        .containsExactly(Phase.INTENT, Phase.OUTCOME, Phase.INTENT, Phase.OUTCOME);
    assertThat(events.get(1).getNetworkAttached().getAddressesList())
        .containsExactly(status.getInterfaces(0).getAddresses(0).getAddress());
    assertThat(events.getLast().getNetworkDetached().getNetwork()).isEqualTo("pods");
  }

  @Test
  void namesAreKnownInside() throws Exception {
    begin(TestNode.launch(), BRIDGE);
    ContainerSpec.Builder spec = node.spec("sleep", "60").setHostname("web");
    spec.getRootBuilder().setReadonly(true);
    startIn(Network.getDefaultInstance(), "a", spec); // the first that is allowed
    assertThat(inside("a", "cat", "/etc/hosts"))
        .contains("127.0.0.1\tlocalhost\n", address(node.sandbox("a")) + "\tweb\n");
    assertThat(inside("a", "cat", "/etc/hostname")).isEqualTo("web\n");
    assertThat(inside("a", "cat", "/etc/resolv.conf"))
        .isEqualTo("nameserver 10.99.0.1\nsearch example.org\n");
    assertThat(inside("a", "stat", "-c", "%u:%g:%a", "/etc/hosts")).isEqualTo("0:0:644\n");
    assertThat(node.exec("a", "sh", "-c", "echo x >> /etc/hosts").ended().code()).isEqualTo(1);
  }

  @Test
  void whatASpecificationMountsItselfStays() throws Exception {
    begin(TestNode.launch(), BRIDGE);
    Path own = Files.writeString(node.base().resolve("volumes/hosts"), "own\n");
    ContainerSpec.Builder spec =
        node.spec("sleep", "60")
            .addMounts(
                Mount.newBuilder()
                    .setDestination("/etc/hosts")
                    .setType("bind")
                    .setSource(own.toString())
                    .addOptions("bind"));
    startIn(pods().build(), "a", spec);
    assertThat(inside("a", "cat", "/etc/hosts")).isEqualTo("own\n");
    assertThat(inside("a", "cat", "/etc/hostname")).isEqualTo("a\n");
  }

  @Test
  void aPluginHasNoMoreThanItNeeds() throws Exception {
    begin(TestNode.launch(), BRIDGE, STAND_IN);
    standIn(
        "[ \"$CNI_COMMAND\" != ADD ] || { grep -E 'Cap|NoNew|^Groups' /proc/self/status; env;"
            + " ls /proc/$$/fd; readlink /proc/self/ns/net; } > "
            + said()
            + "; pass");
    var _ = node.stub().createSandbox(sandboxIn("a", pods().build()));
    String said = Files.readString(said());
    // CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_ADMIN
    assertThat(said)
        .contains("CapPrm:\t0000000000203000", "CapEff:\t0000000000203000")
        .contains("CapBnd:\t0000000000203000", "CapInh:\t0000000000000000")
        .contains("NoNewPrivs:\t1");
    assertThat(
            said.lines()
                .filter(line -> line.matches("[A-Z_]+=.*"))
                .map(l -> l.substring(0, l.indexOf('='))))
        .contains("PATH", "CNI_COMMAND", "CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH")
        .isSubsetOf(
            "PATH",
            "PWD",
            "OLDPWD",
            "SHLVL",
            "_",
            "CNI_COMMAND",
            "CNI_CONTAINERID",
            "CNI_NETNS",
            "CNI_IFNAME",
            "CNI_PATH");
    // Those above 9 are the shell's own.
    assertThat(said.lines().filter(line -> line.matches("\\d")))
        .containsExactly("0", "1", "2", "3");
    assertThat(said)
        .doesNotContain(Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString());
  }

  @Test
  void aPluginThatFailsLeavesNothing() throws Exception {
    begin(TestNode.launch(), BRIDGE, PORTMAP, STAND_IN);
    standIn("[ \"$CNI_COMMAND\" != ADD ] || fail 'no more room'");
    Traces before = settled();
    Problem.of(() -> node.stub().createSandbox(sandboxIn("a", published(8080, 8000))))
        .is(Status.Code.ABORTED, Reason.NETWORK_FAILED)
        .says("pods", "stand-in", "ADD", "no more room (code 11)");
    nothingRemains();
    leavesNoMoreThan(before);
  }

  /** So that what is made once is there. */
  private Traces settled() {
    var _ = Problem.of(() -> node.stub().createSandbox(sandboxIn("first", pods().build())));
    return Traces.of(node);
  }

  private void leavesNoMoreThan(Traces before) {
    TestNode.eventually(
        "nothing is left",
        () -> Traces.of(node).equals(before),
        () -> assertThat(Traces.of(node)).usingRecursiveComparison().isEqualTo(before));
  }

  @Test
  void aPluginThatSaysNonsenseLeavesNothing() throws Exception {
    begin(TestNode.launch(), BRIDGE, STAND_IN);
    for (String nonsense :
        List.of(
            "echo nonsense",
            "echo '{\"ips\": 7}'",
            "echo '{\"ips\": [{\"address\": \"10.0.0.1\\n/8\"}]}'",
            "echo '{\"dns\": {\"search\": [\"a\\nnameserver 1.1.1.1\"]}}'",
            "yes | head -c 200000",
            "exit 3",
            "kill -9 $$")) {
      standIn("[ \"$CNI_COMMAND\" != ADD ] || { " + nonsense + "; }");
      Problem.of(() -> node.stub().createSandbox(sandboxIn("a", pods().build())))
          .is(Status.Code.ABORTED, Reason.NETWORK_FAILED)
          .says("pods");
      nothingRemains();
    }
  }

  @Test
  void aPluginThatTakesTooLongIsKilledWithWhatItStarted() throws Exception {
    begin(TestNode.launch("limits.hook-timeout-seconds = 3"), BRIDGE, STAND_IN);
    standIn("[ \"$CNI_COMMAND\" != ADD ] || sleep 60");
    Traces before = settled();
    Problem.of(() -> node.stub().createSandbox(sandboxIn("a", pods().build())))
        .is(Status.Code.ABORTED, Reason.NETWORK_FAILED)
        .says("longer than", "killed");
    nothingRemains();
    leavesNoMoreThan(before);
  }

  @Test
  void aDeletionThatFailsIsTriedAgain() throws Exception {
    begin(TestNode.launch(), BRIDGE, PORTMAP, STAND_IN);
    standIn(
        "pass; [ \"$CNI_COMMAND\" != DEL ] || mkdir "
            + said()
            + " || exit 0; "
            + "[ \"$CNI_COMMAND\" != DEL ] || fail 'not now'");
    startIn(published(8080, 8000), "a", node.spec("sleep", "60"));
    Problem.of(() -> node.delete("a", true))
        .is(Status.Code.ABORTED, Reason.NETWORK_FAILED)
        .says("DEL", "not now");
    nothingRemains();
    TestNode.eventually(
        "its id is free again",
        () -> {
          try {
            var _ = node.sandbox("a");
            return false;
          } catch (io.grpc.StatusRuntimeException e) {
            return e.getStatus().getCode() == Status.Code.NOT_FOUND;
          }
        });
  }

  @Test
  void hooksSeeTheNetworkFromTheirFirstToTheirLast() throws Exception {
    begin(TestNode.launch(), BRIDGE, STAND_IN);
    Path hook = node.base().resolve("hooks/hook");
    Files.writeString(
        hook,
        "#!/bin/sh\npid=$(sed 's/.*\"pid\":\\([0-9]*\\).*/\\1/')\n"
            + "grep -c eth0 /proc/$pid/net/dev >> "
            + said()
            + " 2>&1; echo $1 >> "
            + said()
            + "\n");
    Files.setPosixFilePermissions(hook, PosixFilePermissions.fromString("rwxr-xr-x"));
    node.allow("hook = " + hook);
    node.restart();
    standIn("pass; echo $CNI_COMMAND >> " + said());
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    spec.getHooksBuilder()
        .addCreateRuntime(call(hook, "createRuntime"))
        .addPoststop(call(hook, "poststop"));
    startIn(pods().build(), "a", spec);
    node.delete("a", true);
    assertThat(Files.readAllLines(said()).stream().filter(line -> !line.startsWith("grep")))
        .containsExactly("ADD", "1", "createRuntime", "poststop", "DEL");
  }

  private static Hook call(Path hook, String word) {
    return Hook.newBuilder().setPath(hook.toString()).addArgs("hook").addArgs(word).build();
  }

  @Test
  void whatIsNotAsItWasMadeIsTold() throws Exception {
    begin(TestNode.launch(), UNMASKED);
    var _ = node.stub().createSandbox(sandboxIn("good", pods().build()));
    var _ = node.stub().createSandbox(sandboxIn("bad", pods().build()));
    StandInHost.cut(node.sandbox("bad").getInitPid());
    node.restart();
    TestNode.eventually(
        "the executor has looked", () -> !node.sandbox("bad").getDegradedList().isEmpty());
    assertThat(node.sandbox("bad").getDegraded(0)).contains("pods", "CHECK", "bridge");
    assertThat(node.sandbox("good").getDegradedList()).isEmpty();
    node.deleteSandbox("bad", false);
    node.deleteSandbox("good", false);
    assertThat(host.traces()).isEmpty();
  }

  @Test
  void aSandboxThatIsLostLeavesItsNetwork() throws Exception {
    begin(TestNode.launch(), BRIDGE, PORTMAP);
    Sandbox made = node.stub().createSandbox(sandboxIn("a", published(8080, 8000)));
    assertThat(host.traces()).isNotEmpty();
    ProcessHandle.of(made.getInitPid()).orElseThrow().destroyForcibly();
    nothingRemains();
    assertThat(node.sandbox("a").getLost()).isTrue();
    assertThat(node.sandbox("a").hasNetworkStatus()).isFalse();
    node.deleteSandbox("a", true);
  }

  /** Its caisson-init ends while there is no executor: what is left is found by the next one. */
  @Test
  void aSandboxThatIsLostMeanwhileLeavesItsAddress() throws Exception {
    begin(TestNode.launch(), UNMASKED, PORTMAP);
    Sandbox made = node.stub().createSandbox(sandboxIn("a", published(8080, 8000)));
    node.shut();
    ProcessHandle.of(made.getInitPid()).orElseThrow().destroyForcibly();
    node.open();
    nothingRemains();
  }

  @Test
  void whatACrashInTheMiddleHasLeftIsUndone() throws Exception {
    begin(TestNode.launchApart(), BRIDGE, PORTMAP, STAND_IN);
    standIn("[ \"$CNI_COMMAND\" != ADD ] || { touch " + said() + "; sleep 60; }");
    var call = node.future().createSandbox(sandboxIn("a", published(8080, 8000)));
    TestNode.eventually("the last plugin runs", () -> Files.exists(said()));
    assertThat(host.traces()).isNotEmpty();
    node.replace(true);
    assertThat(call).failsWithin(TestNode.PATIENCE);
    nothingRemains();
  }

  @Test
  void manyAtOnceHaveDifferentAddresses() throws Exception {
    begin(TestNode.launch(), UNMASKED);
    List<Future<Sandbox>> calls = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      calls.add(
          node.future()
              .withDeadlineAfter(Duration.ofMinutes(2))
              .createSandbox(sandboxIn("s" + i, pods().build())));
    }
    Set<String> addresses = new HashSet<>();
    for (Future<Sandbox> call : calls) {
      assertThat(addresses.add(address(call.get()))).isTrue();
    }
    node.deleteEverything();
    assertThat(host.traces()).isEmpty();
    assertThat(kept()).isEmpty();
  }

  @Test
  void theGuardDecides() throws Exception {
    begin(TestNode.launch(), BRIDGE, PORTMAP);
    Problem.of(() -> node.stub().createSandbox(sandboxIn("a", pods().setName("other").build())))
        .is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED)
        .says("other");
    Problem.of(() -> node.stub().createSandbox(sandboxIn("a", published(80, 80))))
        .is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED)
        .says("port 80");
    ContainerSpec.Builder ofHost = node.spec("true").clearNamespaces();
    node.spec("true").getNamespacesList().stream()
        .filter(one -> one.getType() != dev.caisson.proto.types.v1.Namespace.Type.NETWORK)
        .forEach(ofHost::addNamespaces);
    Problem.of(() -> node.stub().createContainer(in(pods().build(), "a", ofHost)))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("network must be absent");
    configure(BRIDGE);
    Problem.of(() -> node.stub().createSandbox(sandboxIn("a", published(8080, 8000))))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("portMappings");
  }

  @Test
  void aPortOfTheHostLeadsToOneSandbox() throws Exception {
    begin(TestNode.launch(), BRIDGE, PORTMAP);
    var _ = node.stub().createSandbox(sandboxIn("a", published(8080, 80)));
    for (int life = 0; life < 2; life++) {
      Problem.of(() -> node.stub().createSandbox(sandboxIn("b", published(8080, 81))))
          .is(Status.Code.RESOURCE_EXHAUSTED, Reason.LIMIT_REACHED)
          .says("8080");
      node.restart();
    }
    node.deleteSandbox("a", false);
    var _ = node.stub().createSandbox(sandboxIn("b", published(8080, 81)));
    node.deleteSandbox("b", false);
    assertThat(host.traces()).isEmpty();
  }

  @Test
  void whatOthersCouldChangeIsNotRead() throws Exception {
    begin(TestNode.launch(), BRIDGE);
    Path file = node.networks().resolve("10-pods.conflist");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-r--"));
    Problem.of(() -> node.stub().createSandbox(sandboxIn("a", pods().build())))
        .is(Status.Code.ABORTED, Reason.NETWORK_FAILED)
        .says("no configuration of a network pods", "must be root's");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    configure(BRIDGE, STAND_IN);
    standIn("pass");
    Files.setPosixFilePermissions(
        node.base().resolve("hooks/stand-in"), PosixFilePermissions.fromString("rwxrwxrwx"));
    Problem.of(() -> node.stub().createSandbox(sandboxIn("a", pods().build())))
        .is(Status.Code.ABORTED, Reason.NETWORK_FAILED)
        .says("stand-in", "must be root's");
    assertThat(host.traces()).isEmpty();
  }
}
