package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.util.Timestamps;
import dev.caisson.proto.audit.v1.NodeVerification;
import dev.caisson.proto.audit.v1.TrailProblem;
import dev.caisson.proto.audit.v1.TrailRecord;
import dev.caisson.proto.types.v1.Capabilities;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.types.v1.IgnoredField;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.User;
import dev.caisson.proto.v1.Logs;
import dev.caisson.proto.v1.OciBundle;
import dev.caisson.proto.v1.ReadLogsRequest;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class CliTest {
  @TempDir private Path data;
  private FakeGateway gateway;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void serve() throws IOException {
    gateway = new FakeGateway(data);
  }

  @AfterEach
  void close() {
    gateway.close();
  }

  private int caisson(String... words) {
    List<String> all = new ArrayList<>(Arrays.asList(words));
    boolean twoWords = all.getFirst().equals("sandbox") || all.indexOf("verify") == 1;
    int after = twoWords ? 2 : 1;
    all.addAll(after, List.of("--data", data.toString()));
    CommandLine line = Cli.commandLine(words);
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    return line.execute(all.toArray(String[]::new));
  }

  @Test
  void listsTheContainersOfEveryPage() {
    for (String id : List.of("a", "b", "c", "d", "e")) {
      gateway.has(id, ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    }
    assertThat(caisson("ps", "-q")).isZero();
    assertThat(out.toString().lines()).containsExactlyInAnyOrder("a", "b", "c", "d", "e");
  }

  @Test
  void listsAsJsonThatOtherProgramsCanRead() {
    gateway.has("web", ContainerState.STOPPED, ExitStatus.newBuilder().setCode(3).build());
    assertThat(caisson("ps", "--output", "json")).isZero();
    JsonObject only = parsed(out).getAsJsonArray("containers").get(0).getAsJsonObject();
    assertThat(only.get("state").getAsString()).isEqualTo("STOPPED");
    assertThat(only.getAsJsonObject("exit").get("code").getAsInt()).isEqualTo(3);
  }

  @Test
  void listsTheProcessesOfAContainerAsPsDoes() {
    gateway.has("web", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    assertThat(caisson("ps", "web")).isZero();
    assertThat(out.toString())
        .isEqualTo(
            """
            UID  PID  PPID    C  TTY    STIME     TIME  THREADS  HOST PID  CGROUP  PROCESS  CMD
            343    1     0  150  pts/0  2001   1:23.45        2      4321  /       init     sh
            """);
  }

  @Test
  void listsProcessesAsJson() {
    gateway.has("web", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    assertThat(caisson("ps", "web", "--output", "json")).isZero();
    JsonObject only = parsed(out).getAsJsonArray("processes").get(0).getAsJsonObject();
    assertThat(only.get("tty").getAsString()).isEqualTo("pts/0");
    assertThat(only.get("cpuPercent").getAsInt()).isEqualTo(150);
  }

  @Test
  void waitsForTheExitCodeAndEndsWithIt() {
    gateway.has("web", ContainerState.STOPPED, ExitStatus.newBuilder().setCode(42).build());
    assertThat(caisson("wait", "web")).isEqualTo(42);
    assertThat(out.toString()).isEqualTo("42\n");
  }

  @Test
  void waitSaysOfASignalWhatAShellSays() {
    gateway.has("web", ContainerState.STOPPED, ExitStatus.newBuilder().setSignal(9).build());
    assertThat(caisson("wait", "web")).isEqualTo(137);
  }

  private void hasLimits(String id, Resources.Builder limits) {
    gateway.has(id, ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    gateway.containers.computeIfPresent(
        id,
        (ignored, one) ->
            one.toBuilder().setSpec(ContainerSpec.newBuilder().setResources(limits)).build());
  }

  @Test
  void updateTellsWhatEachLimitWasAndIs() {
    Resources.Builder before = Resources.newBuilder();
    before.getMemoryBuilder().setLimit(64 << 20).setReservation(5);
    before.getPidsBuilder().setLimit(10);
    hasLimits("web", before);
    assertThat(caisson("update", "we", "--memory", "128m", "--cpus", "0.5", "--pids-limit", "-1"))
        .isZero();
    assertThat(out.toString())
        .isEqualTo(
            """
            LIMIT           BEFORE      AFTER
            cpu.period           -     100000
            cpu.quota            -      50000
            memory.limit  67108864  134217728
            pids.limit          10         -1
            """);
    var asked = gateway.updates.getFirst().getContainer();
    assertThat(asked.getName()).endsWith("/containers/web");
    assertThat(asked.getSpec().getResources().getMemory().hasReservation()).isFalse();
    assertThat(gateway.updates.getFirst().getRequestId()).isNotEmpty();
  }

  @Test
  void updateTellsProgramsTheWholeContainer() {
    hasLimits("web", Resources.newBuilder());
    assertThat(
            caisson(
                "update",
                "web",
                "--memory-swap=-1",
                "--memory-reservation=1m",
                "--cpu-quota=-1",
                "--cpu-period=50000",
                "--cpu-shares=2",
                "--cpuset-cpus=0-1",
                "--cpuset-mems=0",
                "--memory-swappiness=0",
                "--device-read-bps=8:0:1m",
                "-o",
                "json"))
        .isZero();
    JsonObject limits = parsed(out).getAsJsonObject("spec").getAsJsonObject("resources");
    assertThat(limits.getAsJsonObject("memory").get("swap").getAsString()).isEqualTo("-1");
    assertThat(limits.getAsJsonObject("memory").get("reservation").getAsString())
        .isEqualTo("1048576");
    assertThat(limits.getAsJsonObject("memory").get("swappiness").getAsInt()).isZero();
    assertThat(limits.getAsJsonObject("blockIo").getAsJsonArray("throttleReadBpsDevice"))
        .hasSize(1);
    JsonObject cpu = limits.getAsJsonObject("cpu");
    assertThat(cpu.get("quota").getAsString()).isEqualTo("-1");
    assertThat(cpu.get("period").getAsString()).isEqualTo("50000");
    assertThat(cpu.get("shares").getAsString()).isEqualTo("2");
    assertThat(cpu.get("cpus").getAsString()).isEqualTo("0-1");
    assertThat(cpu.get("mems").getAsString()).isEqualTo("0");
  }

  @Test
  void aWeightIsTheSharesThatHaveIt() {
    hasLimits("web", Resources.newBuilder());
    assertThat(caisson("update", "web", "--cpu-weight=100", "-o", "json")).isZero();
    assertThat(
            parsed(out)
                .getAsJsonObject("spec")
                .getAsJsonObject("resources")
                .getAsJsonObject("cpu")
                .get("shares")
                .getAsString())
        .isEqualTo("1024");
    for (String bad : List.of("--cpu-weight=0", "--cpu-weight=10001")) {
      assertThat(caisson("update", "web", bad)).isEqualTo(Exit.USAGE);
    }
    assertThat(caisson("update", "web", "--cpu-weight=5", "--cpu-shares=5")).isEqualTo(Exit.USAGE);
  }

  @Test
  void updateNeedsALimitAndOneWordForCpus() {
    hasLimits("web", Resources.newBuilder());
    assertThat(caisson("update", "web")).isEqualTo(Exit.USAGE);
    assertThat(err.toString()).contains("A limit must be given");
    assertThat(caisson("update", "web", "--cpus", "1", "--cpu-quota", "5")).isEqualTo(Exit.USAGE);
    assertThat(caisson("update", "web", "--memory", "none")).isEqualTo(Exit.USAGE);
    assertThat(caisson("update", "nobody", "--pids", "5")).isEqualTo(Exit.CAISSON_FAILED);
    assertThat(gateway.updates).isEmpty();
  }

  @Test
  void sendsTheSignalThatIsNamed() {
    gateway.has("web", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    assertThat(caisson("kill", "--foreground", "web", "INT")).isZero();
    assertThat(gateway.signals.removeFirst().getForeground()).isTrue();
    assertThat(caisson("kill", "web", "sigusr1")).isZero();
    assertThat(gateway.signals.getFirst().getSignal()).isEqualTo(10);
  }

  @Test
  void takesTheBeginningOfAnIdWhereOneBeginsSo() {
    for (String id : List.of("foo", "foo-1", "bar-1", "baz-1")) {
      gateway.has(id, ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    }
    for (String id : List.of("foo", "foo-", "bar", "bar-1")) {
      assertThat(caisson("kill", id)).isZero();
    }
    assertThat(gateway.signals.stream().map(signal -> Names.id(signal.getName())))
        .containsExactly("foo", "foo-1", "bar-1", "bar-1");
    assertThat(caisson("kill", "ba")).isEqualTo(Exit.CAISSON_FAILED);
    assertThat(err.toString()).startsWith("caisson: ID is ambiguous: ba begins bar-1, baz-1\n");
    assertThat(gateway.signals).hasSize(4);
  }

  @Test
  void deletesByForceWhatIsThere() {
    gateway.has("there", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    assertThat(caisson("delete", "--force", "missing", "there")).isZero();
    assertThat(gateway.has("there")).isFalse();
  }

  @Test
  void deletesByForceOnlyWhatIsNamedInFull() {
    gateway.has("web-1", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    assertThat(caisson("delete", "--force", "web")).isZero();
    assertThat(gateway.has("web-1")).isTrue();
    assertThat(caisson("delete", "web")).isZero();
    assertThat(gateway.has("web-1")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "*", "?", "[", "../x", "-"})
  void lettersThatNoIdHasMatchNothing(String id) {
    gateway.has("web", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    assertThat(caisson("kill", "--", id)).isNotZero();
    assertThat(gateway.signals).isEmpty();
  }

  @Test
  void asksToTerminateWhenNoSignalIsNamed() {
    gateway.has("web", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    assertThat(caisson("kill", "web")).isZero();
    assertThat(gateway.signals.getFirst().getSignal()).isEqualTo(Signals.TERM);
  }

  @ParameterizedTest
  @ValueSource(strings = {"create", "plan", "run", "run --detach"})
  void warnsOfWhatHasNoEffect(String verb) {
    gateway.ignored.add(
        IgnoredField.newBuilder()
            .setField("process.bogus")
            .setWhy("is not known and was ignored")
            .build());
    List<String> words = new ArrayList<>(List.of(verb.split(" ", -1)));
    words.addAll(List.of("--rootfs", "/srv/any", "--", "exit", "7"));
    caisson(words.toArray(String[]::new));
    assertThat(err.toString())
        .isEqualTo("warning: config.json: process.bogus is not known and was ignored\n");
  }

  @Test
  void aCreationCanBeRepeatedAsTheSameRequest() {
    for (int i = 0; i < 2; i++) {
      caisson("create", "--request-id", "once", "--id", "c", "--rootfs", "/srv/any", "--", "true");
    }
    assertThat(gateway.created).hasSize(2).allMatch(one -> one.getRequestId().equals("once"));
    assertThat(gateway.created.getFirst()).isEqualTo(gateway.created.getLast());
  }

  @Test
  void warnsInJsonWhereJsonIsAskedFor() {
    gateway.ignored.add(IgnoredField.newBuilder().setField("x").setWhy("is new").build());
    caisson("create", "--output", "json", "--rootfs", "/srv/any", "--", "true");
    assertThat(parsed(err).getAsJsonObject("warning").get("field").getAsString()).isEqualTo("x");
    assertThat(
            parsed(out).getAsJsonArray("ignored").get(0).getAsJsonObject().get("why").getAsString())
        .isEqualTo("is new");
  }

  @Test
  void aRefusalIsOneSentenceWithReasonAndHint() {
    assertThat(caisson("kill", "nobody")).isEqualTo(Exit.CAISSON_FAILED);
    assertThat(err.toString())
        .isEqualTo(
            """
            caisson: There is no container nobody (CONTAINER_NOT_FOUND)
              hint: `caisson ps` lists the containers that there are
            """);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "user-namespace.mapped-ids|the rule is user-namespace.mapped-ids in guard.conf, in the data directory",
        "rootfs.roots|the rule is rootfs.roots in guard.conf; `caisson up --allow DIR` adds a directory to it",
        "hook|the rule is hook in guard.conf; `caisson up --allow-hook FILE` adds one",
      })
  void aRefusalOfTheGuardNamesItsRule(String rule, String hint) {
    StatusRuntimeException refusal =
        RpcErrors.of(
            Status.Code.PERMISSION_DENIED,
            "caisson.dev",
            "GUARD_REFUSED",
            "No.",
            Map.of("rule", rule));
    assertThat(ErrorReport.problem(refusal).hint()).isEqualTo(hint);
    assertThat(ErrorReport.problem(refusal).json()).contains("\"rule\":\"" + rule + "\"");
  }

  @Test
  void aRefusalIsJsonWhereJsonIsAskedFor() {
    assertThat(caisson("wait", "nobody", "--output", "json")).isEqualTo(Exit.CAISSON_FAILED);
    JsonObject error = parsed(err).getAsJsonObject("error");
    assertThat(error.get("code").getAsString()).isEqualTo("NOT_FOUND");
    assertThat(error.get("reason").getAsString()).isEqualTo("CONTAINER_NOT_FOUND");
  }

  @Test
  void forcedDeletionOfAMissingOneSucceedsAndGoesOn() {
    gateway.has("web", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    assertThat(caisson("delete", "--force", "nobody", "web")).isZero();
    assertThat(gateway.containers).isEmpty();
  }

  @Test
  void deletionGoesOnAfterOneThatFails() {
    gateway.has("web", ContainerState.STOPPED, ExitStatus.getDefaultInstance());
    assertThat(caisson("delete", "nobody", "web")).isEqualTo(Exit.CAISSON_FAILED);
    assertThat(gateway.containers).isEmpty();
  }

  @Test
  void runsDetachedAndPrintsTheId() {
    assertThat(
            caisson(
                "run", "--detach", "--id", "web", "--rootfs", "/srv/web", "--", "sh", "-c", "x"))
        .isZero();
    assertThat(out.toString()).isEqualTo("web\n");
  }

  @Test
  void sendsACompleteConfigForADirectory() {
    caisson(
        "create",
        "--id",
        "web",
        "--rootfs",
        "/srv/web",
        "--memory",
        "64m",
        "--cpus",
        "0.5",
        "--pids",
        "9",
        "--env",
        "A=b=c",
        "--user",
        "7:8",
        "--",
        "sh",
        "--data",
        "x");
    JsonObject config = sentConfig();
    JsonObject process = config.getAsJsonObject("process");
    JsonObject limits = config.getAsJsonObject("linux").getAsJsonObject("resources");
    assertThat(config.getAsJsonObject("root").get("path").getAsString()).isEqualTo("/srv/web");
    assertThat(process.get("args")).hasToString("[\"sh\",\"--data\",\"x\"]");
    assertThat(process.get("user")).hasToString("{\"uid\":7,\"gid\":8}");
    assertThat(process.get("env").toString()).contains("A=b=c").contains("PATH=");
    assertThat(process.get("noNewPrivileges").getAsBoolean()).isTrue();
    assertThat(limits)
        .hasToString(
            "{\"memory\":{\"limit\":67108864},\"cpu\":{\"quota\":50000,\"period\":100000},\"pids\":{\"limit\":9}}");
  }

  @Test
  void sendsLimitsThatFewNeed() {
    assertThat(
            caisson(
                "create",
                "--id",
                "web",
                "--rootfs",
                "/srv/web",
                "--memory",
                "64m",
                "--memory-reservation",
                "32m",
                "--memory-swap",
                "-1",
                "--memory-swappiness",
                "0",
                "--cpu-quota",
                "20000",
                "--cpu-period",
                "50000",
                "--cpuset-cpus",
                "0-1",
                "--blkio-weight",
                "500",
                "--device-read-bps",
                "8:0:1m",
                "--device-write-iops",
                "8:16:30",
                "--",
                "sh"))
        .isZero();
    JsonObject limits = sentConfig().getAsJsonObject("linux").getAsJsonObject("resources");
    assertThat(limits.get("memory"))
        .hasToString("{\"limit\":67108864,\"reservation\":33554432,\"swap\":-1,\"swappiness\":0}");
    assertThat(limits.get("cpu"))
        .hasToString("{\"quota\":20000,\"period\":50000,\"cpus\":\"0-1\"}");
    assertThat(limits.get("blockIO"))
        .hasToString(
            "{\"weight\":500,\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":1048576}],"
                + "\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":16,\"rate\":30}]}");
  }

  @Test
  void refusesLimitsThatItCannotRead() {
    for (String wrong : List.of("/dev/null", "/none:1m", "/:1m", "8:0", "8:0:x", ":1m")) {
      assertThat(
              caisson(
                  "create",
                  "--id",
                  "web",
                  "--rootfs",
                  "/srv/web",
                  "--device-read-bps",
                  wrong,
                  "--",
                  "sh"))
          .as(wrong)
          .isEqualTo(2);
    }
    assertThat(
            caisson(
                "create",
                "--id",
                "web",
                "--rootfs",
                "/srv/web",
                "--cpus",
                "1",
                "--cpu-quota",
                "2000",
                "--",
                "sh"))
        .isEqualTo(2);
  }

  @Test
  void sendsABundlesConfigByteForByte() throws IOException {
    Path bundle = Files.createDirectory(data.resolve("bundle"));
    String text = "{ this is for the gateway to judge";
    Files.writeString(bundle.resolve("config.json"), text);
    assertThat(caisson("create", "--bundle", bundle.toString())).isZero();
    assertThat(sent().getConfigJson().toStringUtf8()).isEqualTo(text);
    assertThat(sent().getBundle()).isEqualTo(bundle.toString());
  }

  @Test
  void changesABundlesConfigWhereTheCommandLineSaysSo() throws IOException {
    Path bundle = Files.createDirectory(data.resolve("bundle"));
    Files.writeString(
        bundle.resolve("config.json"), "{\"process\":{\"args\":[\"sh\"],\"cwd\":\"/\"},\"x\":1}");
    assertThat(caisson("create", "--cwd", "/tmp", "--bundle", bundle.toString(), "ls", "-l"))
        .isZero();
    assertThat(sentConfig())
        .hasToString("{\"process\":{\"args\":[\"ls\",\"-l\"],\"cwd\":\"/tmp\"},\"x\":1}");
  }

  @Test
  void sharesTheNamespacesThatItIsTold() {
    assertThat(namespaces("--pid", "sandbox", "--network", "host"))
        .doesNotContain("\"pid\"")
        .doesNotContain("\"network\"");
    assertThat(namespaces("--pid", "own", "--network", "none"))
        .containsOnlyOnce("{\"type\":\"pid\"}")
        .containsOnlyOnce("{\"type\":\"network\"}");
    assertThat(namespaces("--network", "/run/netns/blue"))
        .containsOnlyOnce("\"network\"")
        .contains("{\"type\":\"network\",\"path\":\"/run/netns/blue\"}");

    assertThat(caisson("create", "--rootfs", "/r", "--network", "blue", "--", "sh"))
        .isEqualTo(Exit.USAGE);
    assertThat(err.toString()).contains("--network must be none, host, or an absolute path: blue");
  }

  @Test
  void refusesWhatContradictsItself() {
    assertThat(caisson("sandbox", "create", "--id", "box", "other")).isEqualTo(Exit.USAGE);
    assertThat(err.toString()).contains("ID must be given once: box, other");
    assertThat(caisson("stats", "--follow")).isEqualTo(Exit.USAGE);
    assertThat(err.toString()).contains("--follow must have one to follow");
  }

  @Test
  void asksForANetworkOfTheHost() {
    assertThat(
            namespaces("--network", "cni:pods", "--publish", "8080:80", "--publish", "53:53/udp"))
        .containsOnlyOnce("{\"type\":\"network\"}");
    assertThat(gateway.created.getFirst().getNetwork().getName()).isEqualTo("pods");
    assertThat(gateway.created.getFirst().getNetwork().getPortsList()).hasSize(2);
    assertThat(namespaces("--network", "none")).contains("network");
    assertThat(gateway.created.getFirst().hasNetwork()).isFalse();

    assertThat(caisson("create", "--rootfs", "/r", "--publish", "8080:80", "--", "sh"))
        .isEqualTo(Exit.USAGE);
    assertThat(err.toString()).contains("--publish needs a network of the host");
    assertThat(caisson("sandbox", "create", "--network", "host")).isEqualTo(Exit.USAGE);
    assertThat(err.toString()).contains("--network of a sandbox must be none or cni[:NAME]: host");
  }

  private String namespaces(String... options) {
    gateway.created.clear();
    List<String> words = new ArrayList<>(List.of("create", "--rootfs", "/r"));
    words.addAll(List.of(options));
    words.addAll(List.of("--", "sh"));
    assertThat(caisson(words.toArray(String[]::new))).isZero();
    return sentConfig().getAsJsonObject("linux").get("namespaces").toString();
  }

  @Test
  void addsAHookOfTheKindThatIsNamed() {
    caisson("create", "--rootfs", "/r", "--hook", "poststart=/bin/notify", "--", "sh");
    assertThat(sentConfig().get("hooks"))
        .hasToString("{\"poststart\":[{\"path\":\"/bin/notify\"}]}");
  }

  @Test
  void mountsVolumesOfItsSandbox() {
    caisson(
        "create",
        "--rootfs",
        "/r",
        "--sandbox",
        "s",
        "--volume",
        "a:/a",
        "--volume",
        "b:/b:ro,noexec",
        "--",
        "sh");
    assertThat(sentConfig().getAsJsonArray("mounts").toString())
        .endsWith(
            "{\"type\":\"volume\",\"source\":\"a\",\"destination\":\"/a\"},"
                + "{\"type\":\"volume\",\"source\":\"b\",\"destination\":\"/b\","
                + "\"options\":[\"ro\",\"noexec\"]}]");
    for (String wrong : List.of("a", ":/a", "a:", "a:b")) {
      err.getBuffer().setLength(0);
      assertThat(caisson("create", "--rootfs", "/r", "--volume", wrong, "--", "sh"))
          .isEqualTo(Exit.USAGE);
      assertThat(err.toString()).contains("--volume must be NAME:DEST").contains("\n");
    }
  }

  @Test
  void refusesABundleWithoutConfig() {
    assertThat(caisson("create", "--bundle", data.toString())).isEqualTo(Exit.CAISSON_FAILED);
    assertThat(err.toString()).contains("Failed to read").contains("config.json: it is not there");
  }

  @Test
  void refusesAConfigAboveTheBoundWithoutReadingIt() throws IOException {
    Files.write(data.resolve("config.json"), new byte[(int) ContainerOptions.CONFIG_BOUND + 1]);
    assertThat(caisson("create", "--bundle", data.toString())).isEqualTo(Exit.CAISSON_FAILED);
    assertThat(err.toString()).contains("must have at most 1 MiB");
  }

  @Test
  void leavesTheWordsOfACommandAlone() {
    gateway.has("web", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    assertThat(caisson("exec", "-n", "web", "--", "sh", "-c", "echo detach", "--detach", "-t"))
        .isZero();
    assertThat(gateway.executed.getFirst().getProcess().getArgsList())
        .containsExactly("sh", "-c", "echo detach", "--detach", "-t");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "create --rootfs /r --pid-file %s -- sh",
        "run --rootfs /r --detach --pid-file %s -- sh",
        "run --rootfs /r -n --pid-file %s -- exit 7",
        "exec -n --pid-file %s web -- sh",
        "exec --detach --pid-file %s web -- sh"
      })
  void writesThePidOfWhatItHasStarted(String words) throws IOException {
    gateway.has("web", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    Path directory = Files.createDirectory(data.resolve("pids"));
    Path file = Files.writeString(directory.resolve("pid"), "of another time, and longer");
    assertThat(caisson(String.format(words, file).split(" ", -1)))
        .isEqualTo(words.contains("exit 7") ? 7 : Exit.OK);
    assertThat(file).content().isEqualTo("4321");
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).as("nothing beside it").containsExactly(file);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "create --rootfs /r --pid-file %s -- sh",
        "run --rootfs /r --detach --pid-file %s -- sh",
        "run --rootfs /r -n --pid-file %s -- sh",
        "exec -n --pid-file %s web -- sh"
      })
  void makesNothingWhereThePidFileHasNoPlace(String words) throws IOException {
    gateway.has("web", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    Path file = Files.createFile(data.resolve("file"));
    for (Path wrong : List.of(data.resolve("missing/pid"), file.resolve("pid"), data)) {
      assertThat(caisson(String.format(words, wrong).split(" ", -1))).isEqualTo(Exit.USAGE);
      assertThat(err.toString()).contains("--pid-file must ").contains("hint: name a file");
    }
    assertThat(gateway.created).isEmpty();
    assertThat(gateway.executed).isEmpty();
  }

  @Test
  void keepsNoContainerWhosePidCannotBeTold() throws IOException {
    // In the place of the file beside it.
    Path beside = Files.createFile(data.resolve(".pid." + ProcessHandle.current().pid()));
    for (String words : List.of("create --rootfs /r", "run --rootfs /r -d")) {
      String file = " --pid-file " + data.resolve("pid") + " -- sh";
      assertThat(caisson((words + file).split(" ", -1))).isEqualTo(Exit.CAISSON_FAILED);
      assertThat(err.toString()).contains("Failed to write the pid file: ");
    }
    assertThat(beside).as("it is somebody else's").exists();
    assertThat(gateway.created).hasSize(2);
    assertThat(gateway.containers).isEmpty();
    assertThat(data.resolve("pid")).doesNotExist();
  }

  @Test
  void addsToWhatTheContainersProcessMayDo() {
    gateway.has("web", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    gateway.containers.computeIfPresent(
        "web",
        (id, known) -> {
          var changed = known.toBuilder();
          changed
              .getSpecBuilder()
              .getProcessBuilder()
              .setUser(User.newBuilder().setUid(7).setGid(8).addAdditionalGids(9))
              .setCapabilities(
                  Capabilities.newBuilder()
                      .addBounding("CAP_KILL")
                      .addEffective("CAP_KILL")
                      .addAmbient("CAP_KILL"));
          return changed.build();
        });
    assertThat(
            caisson(
                "exec",
                "-n",
                "--cap=CAP_CHOWN",
                "--cap=CAP_KILL",
                "-g",
                "5,6",
                "--no-new-privs",
                "web",
                "id"))
        .isZero();
    Process process = gateway.executed.getFirst().getProcess();
    assertThat(process.getNoNewPrivileges()).isTrue();
    assertThat(process.getUser())
        .isEqualTo(
            User.newBuilder().setUid(7).setGid(8).addAllAdditionalGids(List.of(9, 5, 6)).build());
    assertThat(process.getCapabilities().getBoundingList())
        .containsExactly("CAP_KILL", "CAP_CHOWN");
    assertThat(process.getCapabilities().getEffectiveList())
        .containsExactly("CAP_KILL", "CAP_CHOWN");
    assertThat(process.getCapabilities().getPermittedList())
        .containsExactly("CAP_CHOWN", "CAP_KILL");
    assertThat(process.getCapabilities().getAmbientList()).containsExactly("CAP_KILL");
    assertThat(caisson("exec", "-n", "--user", "3", "-g", "5", "web", "id")).isZero();
    assertThat(gateway.executed.getLast().getProcess().getUser())
        .isEqualTo(User.newBuilder().setUid(3).setGid(3).addAdditionalGids(5).build());
    assertThat(caisson("exec", "-n", "web", "id")).isZero();
    assertThat(gateway.executed.getLast().getProcess().hasUser()).isFalse();
  }

  @Test
  void leavesADetachedProcessAlone() {
    gateway.has("web", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    assertThat(caisson("exec", "--detach", "web", "sh", "-c", "echo detach --detach")).isZero();
    assertThat(out.toString()).isEqualTo("exec-1\n");
    assertThat(gateway.executed.getFirst().getDetach()).isTrue();
    assertThat(gateway.executed.getFirst().getProcess().getArgsList())
        .containsExactly("sh", "-c", "echo detach --detach");
    assertThat(caisson("exec", "--detach", "--tty", "web", "sh")).isEqualTo(Exit.USAGE);
  }

  @Test
  void executesAProcessThatAFileDescribes() throws IOException {
    Path file = data.resolve("process.json");
    Files.writeString(
        file,
        """
        {"args": ["id"], "cwd": "/tmp", "user": {"uid": 1000, "gid": 5, "additionalGids": [7]},
         "capabilities": {"bounding": ["CAP_KILL"]}, "noNewPrivileges": true, "oomScoreAdj": 9}
        """);
    assertThat(caisson("exec", "-n", "--process", file.toString(), "web")).isZero();
    assertThat(caisson("exec", "-n", "--process", file.toString(), "--cwd", "/", "web", "--", "ls"))
        .isZero();

    Process process = gateway.executed.getFirst().getProcess();
    assertThat(process.getArgsList()).containsExactly("id");
    assertThat(process.getUser().getAdditionalGidsList()).containsExactly(7);
    assertThat(process.getCapabilities().getBoundingList()).containsExactly("CAP_KILL");
    assertThat(process.getNoNewPrivileges()).isTrue();
    assertThat(process.getOomScoreAdj()).isEqualTo(9);
    assertThat(gateway.executed.getLast().getProcess())
        .isEqualTo(process.toBuilder().clearArgs().addArgs("ls").setCwd("/").build());
  }

  @Test
  void refusesAFileThatDescribesNoProcess() throws IOException {
    Path file = data.resolve("process.json");
    Files.writeString(file, "{\"arguments\": []}");
    assertThat(caisson("exec", "-n", "--process", file.toString(), "web"))
        .isEqualTo(Exit.CAISSON_FAILED);
    assertThat(err.toString())
        .contains("--process must be a process as JSON")
        .contains("arguments");
    Files.writeString(file, "{}");
    assertThat(caisson("exec", "-n", "--process", file.toString(), "web")).isEqualTo(Exit.USAGE);
    assertThat(caisson("exec", "-n", "--process", "/nowhere", "web"))
        .isEqualTo(Exit.CAISSON_FAILED);
    assertThat(gateway.executed).isEmpty();
  }

  @Test
  void aTerminalWithoutATerminalIsMisuse() {
    assertThat(caisson("run", "--tty", "--rootfs", "/r", "--", "sh")).isEqualTo(Exit.USAGE);
    assertThat(err.toString())
        .contains("--tty needs a terminal as standard input, and this is none")
        .contains("hint: leave --tty out");
    assertThat(caisson("exec", "-t", "web", "--", "sh")).isEqualTo(Exit.USAGE);
    assertThat(gateway.created).isEmpty();
  }

  @Test
  void aTerminalThatNobodyIsAtIsMisuse() {
    assertThat(caisson("run", "-t", "-d", "--rootfs", "/r", "--", "sh")).isEqualTo(Exit.USAGE);
    assertThat(err.toString()).contains("--tty must be without --detach");
  }

  @Test
  void asksForATerminalInTheConfig() {
    caisson("create", "--tty", "--env", "TERM=vt100", "--rootfs", "/r", "--", "sh");
    JsonObject process = sentConfig().getAsJsonObject("process");
    assertThat(process.get("terminal").getAsBoolean()).isTrue();
    assertThat(process.get("env").toString()).containsOnlyOnce("TERM=").contains("TERM=vt100");
    assertThat(ContainerOptions.hasTerminal(gateway.created.getFirst())).isTrue();
  }

  @Test
  void readsNothingIntoAConfigThatIsNone() throws IOException {
    Path bundle = Files.createDirectory(data.resolve("bundle"));
    for (String text :
        List.of("{", "[]", "{\"process\":7}", "{\"process\":{\"terminal\":[]}}", "{}")) {
      gateway.created.clear();
      Files.writeString(bundle.resolve("config.json"), text);
      caisson("create", "--bundle", bundle.toString());
      assertThat(ContainerOptions.hasTerminal(gateway.created.getFirst())).isFalse();
    }
  }

  @Test
  void neitherRootfsNorBundleIsMisuse() {
    assertThat(caisson("run", "--", "sh")).isEqualTo(Exit.USAGE);
  }

  @Test
  void anUnknownOptionIsMisuse() {
    assertThat(caisson("ps", "--nonsense")).isEqualTo(Exit.USAGE);
  }

  @Test
  void saysWhereItLookedForAServiceThatDoesNotRun() {
    gateway.close();
    assertThat(caisson("trail", "verify")).isEqualTo(Exit.CAISSON_FAILED);
    assertThat(err.toString())
        .contains("The gateway does not run")
        .contains("caisson up --data " + data);
  }

  @Test
  void saysThatAServiceIsOlder() {
    gateway.auditor.failure = Status.UNIMPLEMENTED.asRuntimeException();
    assertThat(caisson("trail", "verify")).isEqualTo(Exit.CAISSON_FAILED);
    assertThat(err.toString()).contains("the service is older than this client");
  }

  @Test
  void saysWhatToDoAboutAnAuditorThatDoesNotAnswer() {
    gateway.auditor.failure =
        RpcErrors.of(
            Status.Code.UNAVAILABLE,
            "caisson.dev",
            "AUDITOR_UNAVAILABLE",
            "The auditor does not answer",
            Map.of());
    assertThat(caisson("trail", "verify")).isEqualTo(Exit.CAISSON_FAILED);
    assertThat(err.toString())
        .contains("The auditor does not answer (AUDITOR_UNAVAILABLE)")
        .contains("`caisson status` shows which service does not run");
  }

  @Test
  void namesTheFirstRecordOfATrailThatDoesNotHold() throws IOException {
    FakeAuditor auditor = gateway.auditor;
    auditor.nodes.add(verification("n1").setOk(true).build());
    TrailProblem problem =
        TrailProblem.newBuilder()
            .setKind(TrailProblem.Kind.BAD_SIGNATURE)
            .setEpoch(3)
            .setSeq(29)
            .setMessage("The signature is none")
            .build();
    auditor.nodes.add(verification("n2").setProblem(problem).build());
    assertThat(caisson("trail", "verify")).isEqualTo(Exit.NOT_SO);
    assertThat(out.toString().lines())
        .satisfiesExactly(
            line -> assertThat(line).startsWith("n1: ok, 7 records (1.1 to 3.30)"),
            line -> assertThat(line).startsWith("n2: DOES NOT HOLD, 7 records (1.1 to 3.30)"),
            line -> assertThat(line).isEqualTo("  at 3.29: bad_signature: The signature is none"));
    assertThat(caisson("trail", "verify", "n1")).isZero();
  }

  @Test
  void saysThatATrailHoldsAndThatItsNodeEnded() throws IOException {
    FakeAuditor auditor = gateway.auditor;
    NodeVerification.Builder ended = verification("n1").setOk(true).setSignaturesChecked(true);
    ended.setSignedEpoch(3).setSignedSeq(29).setCheckpoints(4).setEnded(true);
    auditor.nodes.add(ended.build());
    assertThat(caisson("trail", "verify")).isZero();
    assertThat(out.toString()).endsWith("signed to 3.29 by 4 checkpoints, 0 after it, ended\n");
  }

  private static NodeVerification.Builder verification(String node) {
    return NodeVerification.newBuilder()
        .setNode(node)
        .setRecords(7)
        .setFirstEpoch(1)
        .setFirstSeq(1)
        .setLastEpoch(3)
        .setLastSeq(30);
  }

  @Test
  void searchesTheTrailOfANodeAndSaysThatThereIsMore() throws IOException {
    FakeAuditor auditor = gateway.auditor;
    for (int i = 0; i < 3; i++) {
      auditor.trail.add(TrailRecord.newBuilder().setType("dev.caisson.gap.v1").build());
    }
    assertThat(caisson("trail", "--node", "n1", "--limit", "2")).isZero();
    assertThat(auditor.searches.getLast().getNode()).isEqualTo("n1");
    assertThat(out.toString().lines()).hasSize(3);
    assertThat(err.toString()).isEqualTo("caisson: There is more than --limit 2 shows\n");
    assertThat(caisson("trail", "--limit", "3")).isZero();
    assertThat(err.toString()).as("nothing new").hasLineCount(1);
  }

  @Test
  void tellsProgramsThatThereIsMore() throws IOException {
    FakeAuditor auditor = gateway.auditor;
    auditor.trail.add(TrailRecord.getDefaultInstance());
    auditor.trail.add(TrailRecord.getDefaultInstance());
    assertThat(caisson("trail", "--limit", "1", "--output", "json")).isZero();
    assertThat(parsed(out).get("nextPageToken").getAsString()).isEqualTo("1");
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void everyVerbHasHelpAndASentence() {
    for (CommandLine verb : Cli.commandLine().getSubcommands().values()) {
      assertThat(verb.getCommandSpec().usageMessage().description()).isNotEmpty();
      assertThat(verb.getCommandSpec().mixinStandardHelpOptions()).isTrue();
    }
  }

  @Test
  void aliasesAreTheirVerbs() {
    gateway.has("web", ContainerState.STOPPED, ExitStatus.getDefaultInstance());
    assertThat(caisson("rm", "web")).isZero();
    assertThat(gateway.containers).isEmpty();
  }

  @Test
  void anUnknownVerbIsMisuse() {
    assertThat(caisson("nonsense")).isEqualTo(Exit.USAGE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"run", "exec", "attach"})
  void refusesKeysThatAreNone(String verb) {
    gateway.has("web", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    List<String> words =
        verb.equals("run") ? List.of("--rootfs", "/srv/any", "--", "cat") : List.of("web", "cat");
    List<String> all = new ArrayList<>(List.of(verb, "--detach-keys", "ctrl-1"));
    all.addAll(verb.equals("attach") ? List.of("web") : words);
    assertThat(caisson(all.toArray(String[]::new))).isEqualTo(Exit.USAGE);
    assertThat(err.toString()).contains("--detach-keys must be single characters or ctrl-X");
  }

  @Test
  void asksForTheLogsThatAreMeant() {
    gateway.has("web", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    String[] words = {
      "logs", "--output", "json", "-f", "-n", "5", "--since", "2026-01-31T10:00:00.5Z", "we"
    };
    assertThat(caisson(words)).isZero();
    ReadLogsRequest asked = gateway.logsRead.getFirst();
    assertThat(asked.getFollow()).isTrue();
    assertThat(asked.getTailLines()).isEqualTo(5);
    assertThat(Timestamps.toString(asked.getSince())).isEqualTo("2026-01-31T10:00:00.500Z");
    assertThat(out.toString().lines()).hasSize(5).first().asString().contains("\"partial\":true");
    assertThat(caisson("logs", "--output", "json", "web")).isZero();
    assertThat(gateway.logsRead.getLast().hasTailLines()).isFalse();
    assertThat(gateway.logsRead.getLast().hasSince()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({"90s, 10", "1m, 40", "1h, -3500", "1H1m1S, -3561"})
  void countsDurationsBackwards(String text, long seconds) {
    Clock clock = Clock.fixed(Instant.ofEpochSecond(100), ZoneOffset.UTC);
    assertThat(LogsCommand.time(text, clock).getSeconds()).isEqualTo(seconds);
  }

  @ParameterizedTest
  @CsvSource({
    "--since, yesterday",
    "--since, ''",
    "--since, 5",
    "--since, 99999999999999999999h",
    "--tail, -1",
    "--tail, many"
  })
  void refusesLogsThatNobodyCanMean(String option, String value) {
    gateway.has("web", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    assertThat(caisson("logs", option, value, "web")).isEqualTo(Exit.USAGE);
    assertThat(gateway.logsRead).isEmpty();
  }

  @Test
  void asksForLogsWhereOneOptionOfTheirsIsGiven() {
    assertThat(caisson("create", "--rootfs", "/srv/any", "--", "cat")).isZero();
    assertThat(caisson("create", "--logs", "--rootfs", "/srv/any", "--", "cat")).isZero();
    String[] sized = {
      "create", "--log-max-size", "1m", "--log-max-files", "3", "--rootfs", "/srv/any", "--", "cat"
    };
    assertThat(caisson(sized)).isZero();
    assertThat(gateway.created.get(0).hasLogs()).isFalse();
    assertThat(gateway.created.get(1).getLogs()).isEqualTo(Logs.getDefaultInstance());
    assertThat(gateway.created.get(2).getLogs())
        .isEqualTo(Logs.newBuilder().setMaxBytes(1 << 20).setMaxFiles(3).build());
  }

  @Test
  void printsACompletionScriptThatNamesEveryVerb() {
    CommandLine line = Cli.commandLine("completion");
    line.setOut(new PrintWriter(out));
    assertThat(line.execute("completion", "bash")).isZero();
    assertThat(out.toString())
        .contains("complete ")
        .contains("--rootfs")
        .contains("--tty")
        .contains("attach")
        .contains("port-forward")
        .contains("--log-max-size")
        .contains("--timestamps")
        .contains("--detach-keys")
        .contains("inspect");
  }

  private OciBundle sent() {
    return gateway.created.getFirst().getContainer().getOci();
  }

  private JsonObject sentConfig() {
    return JsonParser.parseString(sent().getConfigJson().toStringUtf8()).getAsJsonObject();
  }

  private static JsonObject parsed(StringWriter text) {
    return JsonParser.parseString(text.toString()).getAsJsonObject();
  }
}
