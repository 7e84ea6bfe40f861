package dev.caisson.packaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The chart, as Helm itself renders it. */
class ChartTest {
  private static final String COMPONENT = "app.kubernetes.io/component";

  /** What of the host the executor sees; the gateway sees the first alone. */
  private static final Set<String> OF_THE_HOST =
      Set.of(
          "/run/caisson/executor",
          "/sys",
          "/sys/fs/cgroup",
          "/var/lib/caisson/executor",
          "/var/lib/caisson/nodes",
          "/var/lib/caisson/rootfs");

  static List<Chart> examples() {
    return Chart.examples();
  }

  private static Stream<Map<String, Object>> ofKind(List<Map<String, Object>> all, String kind) {
    return all.stream().filter(object -> kind.equals(object.get("kind")));
  }

  private static String name(Map<String, Object> object) {
    return String.valueOf(Documents.map(object.get("metadata")).get("name"));
  }

  private static Map<String, Object> spec(Map<String, Object> object) {
    return Documents.map(object.get("spec"));
  }

  private static Map<String, Object> selected(Map<String, Object> selector) {
    return Documents.map(selector.get("matchLabels"));
  }

  private static Map<String, Object> labels(Map<String, Object> object) {
    return Documents.map(Documents.map(object.get("metadata")).get("labels"));
  }

  @Test
  void comesWithThreeSetsOfValuesAtLeast() {
    assertThat(examples()).hasSizeGreaterThanOrEqualTo(3);
  }

  @ParameterizedTest
  @MethodSource("examples")
  void isWithoutFault(Chart chart) {
    assertThat(chart.lint())
        .satisfies(
            result -> assertThat(result.isFailed()).as("%s", result.getMessages()).isFalse());
  }

  @ParameterizedTest
  @MethodSource("examples")
  void rendersWhatKubernetesKnows(Chart chart) {
    List<Map<String, Object>> objects = chart.objects();
    assertThat(objects).hasSizeGreaterThan(3).allSatisfy(KubernetesTypes::check);
    assertThat(objects.stream().map(object -> KubernetesTypes.kind(object) + name(object)))
        .doesNotHaveDuplicates();
    assertThat(objects)
        .allSatisfy(object ->
            assertThat(Documents.map(object.get("metadata")))
                .containsEntry("namespace", "containers"));
  }

  /** What a schema cannot say: that names name something. */
  @ParameterizedTest
  @MethodSource("examples")
  void namesWhatIsThere(Chart chart) {
    List<Map<String, Object>> objects = chart.objects();
    Set<Map<String, Object>> pods = new HashSet<>();
    for (Map<String, Object> object : objects) {
      if (spec(object).containsKey("template")) {
        Map<String, Object> template = Documents.map(spec(object).get("template"));
        pods.add(labels(template));
        assertThat(labels(template))
            .as(name(object))
            .containsAllEntriesOf(selected(Documents.map(spec(object).get("selector"))));
      }
    }
    ofKind(objects, "Service")
        .forEach(service ->
            assertThat(pods)
                .as(name(service))
                .anySatisfy(pod ->
                    assertThat(pod)
                        .containsAllEntriesOf(Documents.map(spec(service).get("selector")))));
    Stream.concat(
            ofKind(objects, "NetworkPolicy")
                .map(policy -> selected(Documents.map(spec(policy).get("podSelector")))),
            ofKind(objects, "PodDisruptionBudget")
                .map(budget -> selected(Documents.map(spec(budget).get("selector")))))
        .forEach(selector ->
            assertThat(pods).anySatisfy(pod -> assertThat(pod).containsAllEntriesOf(selector)));
    Set<String> maps =
        ofKind(objects, "ConfigMap").map(ChartTest::name).collect(Collectors.toSet());
    for (Pod pod : Pod.of(objects)) {
      pod.volumes()
          .values()
          .forEach(volume -> {
            Object map = Documents.map(volume.get("configMap")).get("name");
            if (map != null
                && map.toString().startsWith(Chart.RELEASE + "-")
                && !chart.values().contains(map.toString())) {
              assertThat(maps).contains(map.toString());
            }
          });
      if (!pod.spec().toString().contains("PGDATA") && !pod.component().equals("kafka")) {
        assertThat(pod.volumes().keySet()).as(pod.name()).containsAll(pod.mounted().toList());
      }
    }
  }

  /** What never changes must have nothing in it that does: Kubernetes refuses an upgrade then. */
  @ParameterizedTest
  @MethodSource("examples")
  void selectsByWhatStays(Chart chart) {
    assertThat(chart.objects())
        .filteredOn(object -> spec(object).containsKey("template"))
        .isNotEmpty()
        .allSatisfy(object ->
            assertThat(selected(Documents.map(spec(object).get("selector"))).keySet())
                .containsExactlyInAnyOrder(
                    "app.kubernetes.io/name", "app.kubernetes.io/instance", COMPONENT));
  }

  /** Where it may send, by the ports of Kafka and PostgreSQL: the names of Compose's networks. */
  private static Set<String> networks(
      List<Map<String, Object>> objects, String component, int kafka, int postgresql) {
    Set<String> all = new TreeSet<>();
    ofKind(objects, "NetworkPolicy")
        .filter(policy -> component(policy).equals(component))
        .flatMap(policy -> Stream.of("egress", "ingress").flatMap(way -> rules(policy, way)))
        .forEach(port -> {
          if (port == kafka) {
            all.add("record");
          } else if (port == postgresql) {
            all.add("trail");
          }
        });
    return all;
  }

  private static String component(Map<String, Object> policy) {
    return String.valueOf(selected(Documents.map(spec(policy).get("podSelector"))).get(COMPONENT));
  }

  private static Stream<Integer> rules(Map<String, Object> policy, String way) {
    return Documents.maps(spec(policy).get(way)).stream()
        .flatMap(rule -> Documents.maps(rule.get("ports")).stream())
        .map(port -> (Integer) port.get("port"));
  }

  @ParameterizedTest
  @CsvSource({"trial, 9092", "production, 9093"})
  void givesWhatComposeGives(String example, int kafka) {
    List<Map<String, Object>> objects = Chart.example(example).objects();
    Map<String, Privileges> allowed = Privileges.allowed();
    Set<String> seen = new TreeSet<>();
    for (Pod pod : Pod.of(objects)) {
      if (pod.name().equals("postgresql") || !pod.name().equals(pod.component())) {
        continue;
      }
      seen.add(pod.name());
      assertThat(pod.privileges(networks(objects, pod.component(), kafka, 5432)))
          .as(pod.name())
          .isEqualTo(inAPod(allowed.get(pod.name()), pod.name()));
    }
    assertThat(seen).contains("executor", "gateway", "auditor");
  }

  /** The auditor is elsewhere there, and no gateway sees its socket but the one beside it. */
  private static Privileges inAPod(Privileges allowed, String name) {
    Map<String, String> mounts = new TreeMap<>(allowed.mounts());
    if (name.equals("gateway")) {
      assertThat(mounts.remove("/run/caisson/auditor")).isEqualTo("ro");
    }
    return new Privileges(
        allowed.user(),
        allowed.capabilities(),
        allowed.hostNamespaces(),
        allowed.networks(),
        allowed.unconfined(),
        mounts);
  }

  @ParameterizedTest
  @MethodSource("examples")
  void confinesWhoIsNotPrivileged(Chart chart) {
    assertThat(Pod.of(chart.objects()))
        .hasSizeGreaterThan(1)
        .allSatisfy(pod -> {
          assertThat(pod.isReadOnly()).as(pod.name()).isTrue();
          assertThat(pod.isConfined()).as(pod.name()).isEqualTo(!pod.name().equals("executor"));
          assertThat(pod.spec()).containsEntry("automountServiceAccountToken", false);
        });
  }

  /** The auditor's API to the network: a gateway without an executor. */
  @Test
  void givesTheGatewayBesideTheAuditorNoMoreThanAGateway() {
    List<Map<String, Object>> objects = Chart.example("production").objects();
    Privileges allowed = Privileges.allowed().get("gateway");
    assertThat(Pod.of(objects))
        .filteredOn(pod -> pod.component().equals("auditor") && pod.name().equals("gateway"))
        .singleElement()
        .satisfies(pod -> {
          Privileges given = pod.privileges(Set.of());
          assertThat(given.user()).isEqualTo(allowed.user());
          assertThat(given.capabilities()).isEmpty();
          assertThat(given.hostNamespaces()).isEmpty();
          assertThat(given.unconfined()).isEmpty();
          assertThat(allowed.mounts()).containsAllEntriesOf(given.mounts());
          assertThat(given.mounts()).doesNotContainKey("/run/caisson/executor");
          assertThat(pod.ofTheHost()).isEmpty();
        });
  }

  /** So that what a sandbox needs outlives every pod, and only the executor reaches the host. */
  @ParameterizedTest
  @MethodSource("examples")
  void keepsOnTheHostWhatOutlivesPods(Chart chart) {
    for (Pod pod : Pod.of(chart.objects())) {
      if (pod.name().equals("executor")) {
        assertThat(pod.ofTheHost().keySet()).isEqualTo(OF_THE_HOST);
        assertThat(pod.makesItsNamespaces()).isTrue();
      } else if (pod.component().equals("gateway")) {
        assertThat(pod.ofTheHost().keySet())
            .contains("/run/caisson/executor")
            .isSubsetOf("/run/caisson/executor", "/run/caisson/gateway");
      } else {
        assertThat(pod.ofTheHost()).as(pod.name()).isEmpty();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("examples")
  void letsNothingIntoTheExecutorsPodNorOutOfIt(Chart chart) {
    assertThat(ofKind(chart.objects(), "NetworkPolicy"))
        .filteredOn(policy -> component(policy).equals("executor"))
        .hasSize(chart.values().contains("networkPolicy:\n  enabled: false") ? 0 : 1)
        .allSatisfy(policy -> {
          assertThat(spec(policy)).doesNotContainKeys("ingress", "egress");
          assertThat(Documents.strings(spec(policy).get("policyTypes")))
              .containsExactly("Ingress", "Egress");
        });
  }

  /** Ports that anybody may reach, where nothing says who may. */
  @Test
  void opensNoPortWithoutTls() {
    List<Map<String, Object>> objects = Chart.with("{}").objects();
    assertThat(ofKind(objects, "NetworkPolicy"))
        .filteredOn(policy -> component(policy).equals("gateway"))
        .singleElement()
        .satisfies(policy -> assertThat(rules(policy, "ingress")).isEmpty());
    assertThat(Pod.of(objects))
        .extracting(Pod::name)
        .containsExactlyInAnyOrder("executor", "gateway");
  }

  /** Services are replaced one after the other, as docs/operate.md has it. */
  @Test
  void takesAnotherVersionOfOneService() {
    String values = "{image: {tag: '1', tags: {gateway: '2'}}}";
    assertThat(Pod.of(Chart.with(values).objects()))
        .extracting(pod -> pod.container().get("image").toString().replaceFirst(".*/", ""))
        .containsExactlyInAnyOrder("executor:1", "gateway:2");
  }

  @Test
  void showsTheExecutorTheDirectoriesThatItsGuardNames() {
    String values = "{executor: {directories: [{path: /srv/volumes, readOnly: true}]}}";
    assertThat(Pod.of(Chart.with(values).objects()))
        .filteredOn(pod -> pod.name().equals("executor"))
        .singleElement()
        .satisfies(pod -> assertThat(pod.ofTheHost()).containsKey("/srv/volumes"));
  }

  @Test
  void ringsOfNoAuditorWhereThereIsNone() {
    String values = "{monitoring: {alerts: true}}";
    assertThat(ofKind(Chart.with(values).objects(), "PrometheusRule"))
        .singleElement()
        .satisfies(rule ->
            assertThat(rule.toString()).contains("CaissonGatewayDown").doesNotContain("Auditor"));
  }

  @Test
  void keepsThePasswordOfATrialOutOfEveryOtherPod() {
    List<Map<String, Object>> objects = Chart.example("trial").objects();
    assertThat(ofKind(objects, "Secret")).as("secrets are others' to make").isEmpty();
    assertThat(Pod.of(objects))
        .filteredOn(pod -> pod.privileges(Set.of()).mounts().containsKey("/secret"))
        .extracting(Pod::name)
        .containsExactlyInAnyOrder("auditor", "postgresql");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{gateway: {tls: {secret: tls}}} | gateway.access must say",
        "{kafka: {bootstrapServers: 'kafka:9092'}} | postgresql.url must say",
        "{trial: {enabled: true}} | postgresql.passwordSecret",
        "{auditor: {tls: {secret: tls}}} | auditor.access must say",
        "{auditor: {nodeKeys: {configMap: a, secret: b}}} | not both",
        "{kafka: {bootstrapServers: nowhere}} | bootstrapServers",
        "{kafka: {bootstrapServers: 'a:9092,b:9093'}, trial: {enabled: true}, postgresql: {passwordSecret: s}} | kafkaPort must be the port",
        "{trial: {enabled: true}, postgresql: {passwordSecret: s, url: 'jdbc:postgresql://db:6432/trail'}} | postgresqlPort must be",
        "{monitoring: {serviceMonitor: true}} | networkPolicy.metrics must say",
        "{auditor: {retention: 1d}} | retention",
        "{executor: {directories: [{path: relative}]}} | path",
        "{image: {tags: {client: '1'}}} | tags",
        "{executor: {parked: 65}} | parked",
        "{executor: {privileged: true}} | privileged",
        "{auditor: {replicas: 0}} | replicas",
        "{node: {data: caisson}} | data",
        "{gateway: {users: []}} | users",
        "{typo: 1} | typo",
      })
  void refusesWhatCannotWork(String values, String says) {
    assertThatThrownBy(() -> Chart.with(values).objects()).hasMessageContaining(says);
  }
}
