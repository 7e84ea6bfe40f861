package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.Gson;
import dev.caisson.proto.audit.v1.TrailRecord;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.ExitStatus;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;
import picocli.CommandLine;

/** The forms in which verbs answer. */
class OutputTest {
  @TempDir private Path data;
  private FakeGateway gateway;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void serve() throws IOException {
    gateway = new FakeGateway(data);
    gateway.has("web", ContainerState.STOPPED, ExitStatus.newBuilder().setCode(3).build());
  }

  @AfterEach
  void close() {
    gateway.close();
  }

  /** Each in the data directory of this test. */
  private int caisson(String words) {
    out.getBuffer().setLength(0);
    String[] given = words.split(" ", -1);
    List<String> all = new ArrayList<>(Arrays.asList(given));
    boolean twoWords = given[0].equals("sandbox") || words.startsWith("trail verify");
    all.addAll(twoWords ? 2 : 1, List.of("--data", data.toString()));
    CommandLine line = Cli.commandLine(given);
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    return line.execute(all.toArray(String[]::new));
  }

  @ParameterizedTest
  @ValueSource(strings = {"ps", "ps web", "inspect web", "kill web", "create --rootfs /r"})
  void yamlIsTheSameDocumentAsJson(String words) {
    String[] parts = words.split(" ", 2);
    String rest = parts.length == 1 ? "" : " " + parts[1];
    assertThat(caisson(parts[0] + " -o json" + rest + named(words))).isZero();
    Map<?, ?> json = new Gson().fromJson(out.toString(), Map.class);
    assertThat(caisson(parts[0] + " -o yaml" + rest + named(words))).isZero();
    Map<?, ?> yaml = new Yaml().load(out.toString());
    assertThat(new Gson().toJsonTree(yaml)).hasToString(integers(new Gson().toJson(json)));
  }

  private static String named(String words) {
    return words.startsWith("create") ? " --id new -- true" : "";
  }

  /** Gson reads each number as a double. */
  private static String integers(String json) {
    return json.replaceAll("(?<=\\d)\\.0(?=[,}])", "");
  }

  @Test
  void aStreamOfAnswersIsAStreamOfYamlDocuments() {
    assertThat(caisson("logs -o yaml web")).isZero();
    List<Object> documents = new ArrayList<>();
    new Yaml().loadAll(out.toString()).forEach(documents::add);
    assertThat(documents).hasSize(5).first().asString().contains("partial=true");
  }

  @Test
  void anErrorIsReadAsYamlToo() {
    assertThat(caisson("wait -o yaml nobody")).isEqualTo(Exit.CAISSON_FAILED);
    Map<String, Map<String, Object>> read = new Yaml().load(err.toString());
    assertThat(read.get("error")).containsEntry("reason", "CONTAINER_NOT_FOUND");
  }

  @Test
  void namesAreOneALineForPipes() {
    for (String id : List.of("a", "b", "c")) {
      gateway.has(id, ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    }
    assertThat(caisson("ps -o name")).isZero();
    assertThat(out.toString().lines()).containsExactlyInAnyOrder("a", "b", "c", "web");
    assertThat(caisson("ps --output name")).isZero();
    assertThat(caisson("delete -o name " + out.toString().strip().replace('\n', ' '))).isZero();
    assertThat(out.toString().lines()).containsExactlyInAnyOrder("a", "b", "c", "web");
    assertThat(gateway.containers).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"inspect", "kill", "start", "delete", "update --pids 5"})
  void whoeverChangesOrShowsAContainerNamesIt(String verb) {
    assertThat(caisson(verb + " -o name we")).isZero();
    assertThat(out.toString()).isEqualTo("web\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"create", "run --detach"})
  void whoeverMakesAContainerNamesIt(String verb) {
    assertThat(caisson(verb + " -o name --rootfs /r --id new -- sh")).isZero();
    assertThat(out.toString()).isEqualTo("new\n");
  }

  @Test
  void anExecdProcessHasAName() {
    assertThat(caisson("exec -o name --detach web sh")).isZero();
    assertThat(out.toString()).isEqualTo("exec-1\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ps -o name web",
        "run -o name --rootfs /r -- sh",
        "exec -o name web -- sh",
        "plan -o name --rootfs /r -- sh",
        "attach -o name web",
        "logs -o name web",
        "wait -o name web",
        "stats -o name",
        "events -o name",
        "cpu -o name",
        "trail -o name",
        "trail verify -o name",
        "sandbox watch -o name"
      })
  void whatHasNoNamesRefusesThemBeforeItDoesAnything(String words) {
    assertThat(caisson(words)).isEqualTo(Exit.USAGE);
    assertThat(err.toString())
        .startsWith("caisson: --output must not be name: ")
        .endsWith("\n  hint: use --output table, json or yaml\n");
    assertThat(out.toString()).isEmpty();
    assertThat(gateway.created).isEmpty();
    assertThat(gateway.executed).isEmpty();
    assertThat(gateway.logsRead).isEmpty();
  }

  @Test
  void helpIsGivenWhateverTheForm() {
    assertThat(caisson("cpu -o name --help")).isZero();
    assertThat(out.toString()).contains("Usage: caisson cpu", "table|json|yaml|name");
  }

  @Test
  void aFormThatIsNoneIsMisuseAndTheFormsAreNamed() {
    assertThat(caisson("ps -o xml")).isEqualTo(Exit.USAGE);
    assertThat(err.toString()).contains("table", "json", "yaml", "name");
  }

  @Test
  void saysInTablesAloneThatThereIsMore() throws IOException {
    FakeAuditor auditor = gateway.auditor;
    auditor.trail.add(TrailRecord.getDefaultInstance());
    auditor.trail.add(TrailRecord.getDefaultInstance());
    assertThat(caisson("trail --limit 1 -o yaml")).isZero();
    assertThat(out.toString()).contains("nextPageToken: \"1\"\n");
    assertThat(err.toString()).isEmpty();
  }
}
