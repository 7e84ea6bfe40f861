package dev.caisson.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Alerts and dashboards ask for what the services tell, and are explained. */
class MonitoringTest {
  private static final Pattern METRIC = Pattern.compile("\\bcaisson_[a-z_]+");
  private static final Path DOCS = Documents.ROOT.resolve("docs");
  private static final Path GUIDE = DOCS.resolve("operate.md");

  /** What a summary or timer is told as: Prometheus' "Metric types". */
  private static final String PARTS = "_(count|sum|max|bucket)$";

  private static List<Map<String, Object>> alerts() {
    return Documents.maps(Documents.yaml("charts/caisson/alerts/caisson.yaml").get("groups"))
        .stream()
        .flatMap(group -> Documents.maps(group.get("rules")).stream())
        .toList();
  }

  private static Set<String> metrics(Stream<String> texts) {
    return texts
        .flatMap(text -> METRIC.matcher(text).results().map(found -> found.group()))
        .map(name -> name.replaceFirst(PARTS, ""))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Where metrics are told of, beside the guide that reads them. */
  private static Set<String> documented() throws IOException {
    List<String> texts = new ArrayList<>();
    try (Stream<Path> files = Files.walk(DOCS)) {
      for (Path file : files.filter(one -> one.toString().endsWith(".md")).toList()) {
        if (!file.equals(GUIDE)) {
          texts.add(Files.readString(file));
        }
      }
    }
    return metrics(texts.stream());
  }

  private static List<JsonObject> dashboards() throws IOException {
    List<JsonObject> all = new ArrayList<>();
    for (Path file : Chart.files("dashboards")) {
      all.add(JsonParser.parseString(Files.readString(file)).getAsJsonObject());
    }
    return all;
  }

  private static Stream<JsonObject> panels(JsonObject dashboard) {
    return dashboard.getAsJsonArray("panels").asList().stream().map(JsonElement::getAsJsonObject);
  }

  private static Stream<JsonObject> targets(JsonObject panel) {
    return panel.getAsJsonArray("targets").asList().stream().map(JsonElement::getAsJsonObject);
  }

  @Test
  void alertsAskForMetricsThatThereAre() throws IOException {
    Set<String> asked = metrics(alerts().stream().map(alert -> alert.get("expr").toString()));
    assertThat(asked).hasSizeGreaterThan(8);
    assertThat(documented()).containsAll(asked);
  }

  @Test
  void dashboardsAskForMetricsThatThereAre() throws IOException {
    List<String> asked =
        dashboards().stream()
            .flatMap(MonitoringTest::panels)
            .flatMap(MonitoringTest::targets)
            .map(target -> target.get("expr").getAsString())
            .toList();
    assertThat(asked).hasSizeGreaterThan(25);
    assertThat(documented()).containsAll(metrics(asked.stream()));
  }

  @Test
  void dashboardsAreWhole() throws IOException {
    assertThat(dashboards())
        .hasSizeGreaterThan(1)
        .extracting(dashboard -> dashboard.get("uid").getAsString())
        .doesNotHaveDuplicates();
    for (JsonObject dashboard : dashboards()) {
      assertThat(panels(dashboard).map(panel -> panel.get("id").getAsInt()))
          .doesNotHaveDuplicates();
      assertThat(panels(dashboard))
          .allSatisfy(panel -> {
            JsonObject at = panel.getAsJsonObject("gridPos");
            assertThat(at.get("x").getAsInt() + at.get("w").getAsInt()).isLessThanOrEqualTo(24);
            assertThat(panel.getAsJsonObject("datasource").get("uid").getAsString())
                .isEqualTo("${datasource}");
            assertThat(panel.get("title").getAsString()).isNotBlank();
          });
    }
  }

  /** Each alert's own heading, by the link that the alert carries: how GitHub makes anchors. */
  @Test
  void everyAlertIsExplained() throws IOException {
    Set<String> headings =
        Files.readAllLines(GUIDE).stream()
            .filter(line -> line.startsWith("### "))
            .map(line -> line.substring("### ".length()).strip().replace("`", ""))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(alerts()).hasSizeGreaterThan(10);
    for (Map<String, Object> alert : alerts()) {
      String name = alert.get("alert").toString();
      Map<String, Object> annotations = Documents.map(alert.get("annotations"));
      assertThat(headings).contains(name);
      assertThat(annotations)
          .containsEntry("runbook_url", "docs/operate.md#" + name.toLowerCase(Locale.ROOT));
      assertThat(annotations.get("summary").toString()).endsWith(".");
      assertThat(Documents.map(alert.get("labels"))).containsKey("severity");
    }
    assertThat(alerts().stream().map(alert -> alert.get("alert"))).doesNotHaveDuplicates();
  }

  @Test
  void everyLinkOfTheGuideLeadsSomewhere() throws IOException {
    Matcher links = Pattern.compile("]\\(([^)#:]+)(#[^)]*)?\\)").matcher(Files.readString(GUIDE));
    int count = 0;
    while (links.find()) {
      assertThat(DOCS.resolve(links.group(1))).exists();
      count++;
    }
    assertThat(count).isGreaterThan(5);
  }
}
