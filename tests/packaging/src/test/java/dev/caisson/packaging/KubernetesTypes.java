package dev.caisson.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import io.kubernetes.client.openapi.models.V1ConfigMap;
import io.kubernetes.client.openapi.models.V1DaemonSet;
import io.kubernetes.client.openapi.models.V1Deployment;
import io.kubernetes.client.openapi.models.V1NetworkPolicy;
import io.kubernetes.client.openapi.models.V1PodDisruptionBudget;
import io.kubernetes.client.openapi.models.V1Secret;
import io.kubernetes.client.openapi.models.V1Service;
import io.kubernetes.client.openapi.models.V1StatefulSet;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the objects of a chart must be: every field that is there is one of its type's, has that
 * type, and none that must be there is missing.
 */
final class KubernetesTypes {
  /** The schemas of Kubernetes' OpenAPI document, as its Java client has them. */
  private static final Map<String, Check> SCHEMAS =
      Map.of(
          "v1/ConfigMap", V1ConfigMap::validateJsonElement,
          "v1/Secret", V1Secret::validateJsonElement,
          "v1/Service", V1Service::validateJsonElement,
          "apps/v1/DaemonSet", V1DaemonSet::validateJsonElement,
          "apps/v1/Deployment", V1Deployment::validateJsonElement,
          "apps/v1/StatefulSet", V1StatefulSet::validateJsonElement,
          "networking.k8s.io/v1/NetworkPolicy", V1NetworkPolicy::validateJsonElement,
          "policy/v1/PodDisruptionBudget", V1PodDisruptionBudget::validateJsonElement);

  /**
   * The Prometheus operator's "API reference", monitoring.coreos.com/v1, of what is used of it: the
   * fields of ServiceMonitorSpec, Endpoint and RelabelConfig.
   */
  private static final Set<String> ENDPOINT =
      Set.of("port", "path", "interval", "honorLabels", "relabelings", "scheme", "scrapeTimeout");

  private static final Set<String> RELABELING =
      Set.of("sourceLabels", "targetLabel", "regex", "replacement", "action", "separator");

  /** RuleGroup and Rule there. */
  private static final Set<String> GROUP = Set.of("name", "rules", "interval");

  private static final Set<String> RULE = Set.of("alert", "expr", "for", "labels", "annotations");

  @FunctionalInterface
  private interface Check {
    void of(JsonElement object) throws IOException;
  }

  private KubernetesTypes() {}

  static String kind(Map<String, Object> object) {
    return object.get("apiVersion") + "/" + object.get("kind");
  }

  static void check(Map<String, Object> object) {
    switch (kind(object)) {
      case "monitoring.coreos.com/v1/ServiceMonitor" -> checkServiceMonitor(object);
      case "monitoring.coreos.com/v1/PrometheusRule" -> checkRules(object);
      default -> checkByItsSchema(object);
    }
  }

  private static void checkByItsSchema(Map<String, Object> object) {
    Check schema = SCHEMAS.get(kind(object));
    assertThat(schema).as("a schema of %s", kind(object)).isNotNull();
    try {
      schema.of(new Gson().toJsonTree(object));
    } catch (IOException | IllegalArgumentException e) {
      throw new AssertionError(kind(object) + ": " + e.getMessage(), e);
    }
  }

  private static void checkServiceMonitor(Map<String, Object> object) {
    Map<String, Object> spec = Documents.map(object.get("spec"));
    assertThat(spec.keySet()).containsExactlyInAnyOrder("selector", "endpoints");
    List<Map<String, Object>> endpoints = Documents.maps(spec.get("endpoints"));
    assertThat(endpoints).isNotEmpty();
    for (Map<String, Object> endpoint : endpoints) {
      assertThat(ENDPOINT).containsAll(endpoint.keySet());
      assertThat(Documents.maps(endpoint.get("relabelings")))
          .allSatisfy(one -> assertThat(RELABELING).containsAll(one.keySet()));
    }
  }

  private static void checkRules(Map<String, Object> object) {
    Map<String, Object> spec = Documents.map(object.get("spec"));
    assertThat(spec.keySet()).containsExactly("groups");
    List<Map<String, Object>> groups = Documents.maps(spec.get("groups"));
    assertThat(groups).isNotEmpty();
    for (Map<String, Object> group : groups) {
      assertThat(GROUP).containsAll(group.keySet());
      assertThat(Documents.maps(group.get("rules")))
          .isNotEmpty()
          .allSatisfy(rule -> assertThat(RULE).containsAll(rule.keySet()))
          .allSatisfy(rule -> assertThat(rule).containsKeys("alert", "expr"));
    }
  }
}
