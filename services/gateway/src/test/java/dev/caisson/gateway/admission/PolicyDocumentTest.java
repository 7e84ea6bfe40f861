package dev.caisson.gateway.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Message;
import dev.caisson.gateway.access.MethodRule;
import dev.caisson.gateway.files.DocumentException;
import dev.caisson.proto.executor.v1.TenantQuota;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.PolicyFinding;
import dev.caisson.proto.v1.ServiceProto;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PolicyDocumentTest {
  static final List<MethodRule> RULES =
      ServiceProto.getDescriptor().getServices().stream()
          .flatMap(service -> service.getMethods().stream())
          .map(MethodRule::of)
          .toList();

  @ParameterizedTest
  @CsvSource({
    "memory: 1, 1, 0",
    "memory: 1073741824, 1073741824, 0",
    "memory: 512M, 536870912, 0",
    "memory: 16g, 17179869184, 0",
    "memory: 8388607T, 9223370937343148032, 0",
    "cpu: 4, 0, 4000",
    "cpu: 0.5, 0, 500",
    "cpu: '1.125', 0, 1125"
  })
  void readsHowMuchMayLive(String field, long memory, long cpu) throws DocumentException {
    String document = "quotas: [{tenants: [t], sandboxes: 2, " + field + "}]";
    TenantQuota living =
        PolicyDocument.read("policies.yaml", document, RULES).quotaOf("t").orElseThrow().living();
    assertThat(living.getMemoryBytes()).isEqualTo(memory);
    assertThat(living.getCpuMillis()).isEqualTo(cpu);
    assertThat(living.getSandboxes()).isEqualTo(2);
    assertThat(living.hasContainers()).isFalse();
  }

  @Test
  void saysAllThatIsWrongAtOnce() {
    String document =
        """
        policy: []
        quotas:
          - {tenants: [t], requests: 0, burst: many}
          - {tenants: [t], burst: 3}
          - {requests: 1, gpu: 3}
          - {tenants: [t], memory: 0, cpu: 0.0, sandboxes: -1, containers: 1.5}
          - {tenants: [t], memory: 9000000T, cpu: 0.0005}
        policies:
          - name: Bad
            calls: [containers.fly]
            require: 'true'
            message: m
          - name: twice
            calls: [containers.create]
            message: m
            action: explode
          - name: twice
            calls: [containers.create, containers.start]
            require: request.container.spec.hostnam == 'x'
            set:
              container.spec.hostname: "7"
              container.spec.annotations: "{}"
              container.spec.nothing: "1"
            tenants: [../etc]
          - name: number
            calls: [containers.create]
            require: request.container.spec.hostname
            message: m
          - denied
        """;
    assertThatThrownBy(() -> PolicyDocument.read("policies.yaml", document, RULES))
        .isInstanceOf(DocumentException.class)
        .hasMessageStartingWith("The policy file must be changed: policies.yaml\n")
        .message()
        .contains(
            "the file must have only [policies, quotas]: policy",
            "quotas[0].requests must be a number from 1 to 2147483647: 0",
            "quotas[0].burst must be a number from 1 to 2147483647: many",
            "quotas[1].burst must come with requests",
            "quotas[2].tenants must be a list: null",
            "quotas[2] must have only [burst, containers, cpu, execs, memory, requests, sandboxes,"
                + " streams, tenants]: gpu",
            "quotas[3].sandboxes must be a number from 1 to 2147483647: -1",
            "quotas[3].containers must be a number from 1 to 2147483647: 1.5",
            "quotas[3].memory must be a number of bytes, as in 512M or 16G: 0",
            "quotas[3].cpu must be a number of CPUs, as in 4 or 0.5: 0.0",
            "quotas[4].memory must be a number of bytes, as in 512M or 16G: 9000000T",
            "quotas[4].cpu must be a number of CPUs, as in 4 or 0.5: 5.0E-4",
            "policies[0].name must be of [a-z0-9-], and another's once: Bad",
            "policies[0].calls must be of [",
            ": containers.fly",
            "policies[1] must have require or set",
            "policies[1].action must be one of [deny, warn]: explode",
            "policies[2].name must be of [a-z0-9-], and another's once: twice",
            "policies[2].message must be a text: null",
            "policies[2].require must be an expression about caisson.v1.CreateContainerRequest: ",
            "undefined field 'hostnam'",
            "policies[2].require must be an expression about caisson.v1.StartContainerRequest: ",
            "undefined field 'container'",
            "policies[2].set.container.spec.hostname must be an expression",
            "policies[2].set.container.spec.annotations must not name a map",
            "policies[2].set.container.spec.nothing must name a field of"
                + " caisson.v1.CreateContainerRequest, and nothing is none",
            "policies[2].tenants must be ids of tenants",
            "policies[3].require must be an expression",
            "policies[4] must be a mapping: denied");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "policies",
        "policies: {}",
        "policies: []\npolicies: []",
        "other: []",
        "a: &a [*a]",
        "policies: !!java.net.URL [http://example.org]",
        "\u0000"
      })
  void refusesWhatIsNoPolicyFile(String text) {
    assertThatThrownBy(() -> PolicyDocument.read("policies.yaml", text, RULES))
        .isInstanceOf(DocumentException.class)
        .hasMessageContaining(" must ");
  }

  @Test
  void refusesAPolicyWhoseExamplesComeOutOtherwise() {
    String document =
        """
        policies:
          - name: named
            calls: [containers.create]
            set: {container.spec.domainname: "'example.org'"}
            require: request.container.spec.hostname != ''
            message: a container must have a name
            examples:
              - verdict: allowed
                request: {container: {spec: {domainname: x}}}
              - verdict: denied
                request: {container: {spec: {hostname: web}}}
              - verdict: perhaps
                request: {container: {spec: {hostname: web}}}
              - verdict: allowed
                request: {container: {spec: {hostnam: web}}}
              - verdict: allowed
                request: {container: {spec: {hostname: web}}}
                becomes: {container: {spec: {hostname: web, domainname: example.com}}}
              - verdict: allowed
                permission: containers.run
                request: {}
        """;
    assertThatThrownBy(() -> PolicyDocument.read("policies.yaml", document, RULES))
        .message()
        .contains(
            "policies[0].examples[0] must be allowed as it says: it is denied (a container must have a name)",
            "policies[0].examples[1] must be denied as it says: it is allowed",
            "policies[0].examples[2].verdict must be one of [allowed, denied, warned]: perhaps",
            "policies[0].examples[3].request must be a caisson.v1.CreateContainerRequest: ",
            "policies[0].examples[4] must become what it says: it becomes ",
            "policies[0].examples[5].permission must be of [containers.create]: containers.run");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          hostname                  | 'web'                         | hostname: "web"
          process.user.uid          | 7u                            | uid: 7
          process.no_new_privileges | true                          | no_new_privileges: true
          process.args              | ['sh', '-c', tenant]          | args: "t"
          process.rlimits           | [Rlimit{soft: 1u, hard: 2u}]  | hard: 2
          resources                 | Resources{pids: Resources.Pids{limit: 5}} | limit: 5
          user_namespace.mode       | UserNamespace.Mode.MAPPED     | mode: MAPPED
          process.oom_score_adj     | -5                            | oom_score_adj: -5
          """)
  void setsFieldsOfEveryKind(String field, String value, String found) throws Exception {
    Policies policies =
        read(
            """
            policies:
              - name: one
                calls: [containers.create]
                set: {container.spec.%s: "%s"}
                message: m
            """
                .formatted(field, value));
    Policies.Review review = policies.review(subject("t", ContainerSpec.getDefaultInstance()));
    assertThat(review.request().toString()).contains(found);
    assertThat(review.findings()).hasSize(1);
    assertThat(review.findings().getFirst().getField()).isEqualTo("container.spec." + field);
    assertThat(policies.review(subject("t", review.request())).findings()).isEmpty();
  }

  @Test
  void setsFirstAndChecksThen() throws Exception {
    Policies policies =
        read(
            """
            policies:
              - name: needs
                calls: [containers.create]
                tenants: [t]
                require: request.container.spec.hostname == 'web'
                message: m
              - name: sets
                calls: [containers.create]
                when: tenant != 'u'
                set: {container.spec.hostname: "'web'"}
                message: m
            """);
    assertThat(actions(policies, "t")).containsExactly(PolicyFinding.Action.SET);
    assertThat(actions(policies, "u")).isEmpty();
    assertThat(actions(policies, "v")).containsExactly(PolicyFinding.Action.SET);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "request.container.spec.process.args[3] == 'x'",
        "request.container.spec.annotations['x'] == 'x'",
        "1 / int(request.container.spec.process.user.uid) == 1",
        // 60 to the power of 3 passes.
        "request.container.spec.process.args.all(a, request.container.spec.process.args.all(b,"
            + " request.container.spec.process.args.all(c, a == b || b != c || c == a)))"
      })
  void whatCannotBeEvaluatedDoesNotHold(String expression) throws Exception {
    Policies policies =
        read(
            """
            policies:
              - name: fails
                calls: [containers.create]
                require: "%s"
                message: m
            """
                .formatted(expression));
    ContainerSpec.Builder spec = ContainerSpec.newBuilder();
    if (expression.contains("all(")) {
      spec.setProcess(Process.newBuilder().addAllArgs(Collections.nCopies(60, "x")));
    }
    List<PolicyFinding> findings = policies.review(subject("t", spec.build())).findings();
    assertThat(findings).hasSize(1);
    assertThat(findings.getFirst().getAction()).isEqualTo(PolicyFinding.Action.DENY);
    assertThat(findings.getFirst().getMessage())
        .startsWith("it cannot be evaluated for this request, and an operator has to mend it: ");
  }

  @Test
  void aValueThatDoesNotFitIsADenial() throws Exception {
    Policies policies =
        read(
            """
            policies:
              - name: big
                calls: [containers.create]
                set: {container.spec.process.user.uid: "4294967296u"}
                message: m
              - name: none
                calls: [containers.create]
                set: {container.spec.user_namespace.mode: "77"}
                message: m
            """);
    assertThat(actions(policies, "t"))
        .containsExactly(PolicyFinding.Action.DENY, PolicyFinding.Action.DENY);
  }

  private static Policies read(String text) throws DocumentException {
    return PolicyDocument.read("policies.yaml", text, RULES);
  }

  private static List<PolicyFinding.Action> actions(Policies policies, String tenant) {
    return policies.review(subject(tenant, ContainerSpec.getDefaultInstance())).findings().stream()
        .map(PolicyFinding::getAction)
        .toList();
  }

  private static Subject subject(String tenant, ContainerSpec spec) {
    return subject(
        tenant,
        CreateContainerRequest.newBuilder()
            .setContainer(Container.newBuilder().setSpec(spec))
            .build());
  }

  private static Subject subject(String tenant, Message request) {
    return new Subject("containers.create", tenant, "uid:1", Set.of("uid:1", "unix:"), request);
  }
}
