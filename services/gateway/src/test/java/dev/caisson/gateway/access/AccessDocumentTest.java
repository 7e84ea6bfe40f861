package dev.caisson.gateway.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.gateway.files.DocumentException;
import dev.caisson.proto.v1.ServiceProto;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AccessDocumentTest {
  private static final Permissions PERMISSIONS =
      new Permissions(
          ServiceProto.getDescriptor().getServices().stream()
              .flatMap(service -> service.getMethods().stream())
              .map(MethodRule::of)
              .toList());

  private static final String DOCUMENT =
      """
      issuers:
        - {issuer: "https://id.example.org", keys: /keys, audience: caisson, prefix: "id:"}
      roles:
        deployer: [containers.create, containers.start, "sandboxes.*"]
      bindings:
        - role: admin
          tenants: ["*"]
          members: ["uid:0"]
        - role: deployer
          tenants: [team-a, team-b]
          members: ["spiffe://example.org/ci/*"]
        - role: viewer
          tenants: [team-a]
          members: ["unix-group:staff", "id:ada", "group:id:staff", "x509:CN=ada,O=Example"]
      """;

  @ParameterizedTest
  @CsvSource({
    "uid:0,                         containers.exec,     anything, true",
    "uid:00,                        containers.exec,     anything, false",
    "spiffe://example.org/ci/a/b,   containers.create,   team-b,   true",
    "spiffe://example.org/ci/a,     sandboxes.delete,    team-a,   true",
    "spiffe://example.org/ci/a,     containers.delete,   team-a,   false",
    "spiffe://example.org/ci/a,     containers.create,   team-c,   false",
    "spiffe://example.org/cia,      containers.create,   team-a,   false",
    "spiffe://example.org.evil/ci/, containers.create,   team-a,   false",
    "unix-group:staff,              containers.get,      team-a,   true",
    "unix-group:staff,              containers.start,    team-a,   false",
    "unix-group:staff,              containers.get,      team-b,   false",
    "user:staff,                    containers.get,      team-a,   false",
    "id:ada,                        containers.get,      team-a,   true",
    "group:id:staff,                containers.get,      team-a,   true",
    "id:staff,                      containers.get,      team-a,   false",
    "'x509:CN=ada,O=Example',       containers.logs,     team-a,   true",
    "'x509:CN=ada,O=Example,C=x',   containers.logs,     team-a,   false"
  })
  void bindsRolesToMembersInTenants(
      String identity, String permission, String tenant, boolean allowed) throws Exception {
    Access access = AccessDocument.read("access.yaml", DOCUMENT, PERMISSIONS);
    assertThat(access.allows(Set.of(identity, "unix:"), permission, tenant)).isEqualTo(allowed);
  }

  @Test
  void saysAllThatIsWrongAtOnce() {
    String document =
        """
        roles:
          viewer: [containers.get]
          Deployer: [containers.create, containers.fly]
        binding: []
        bindings:
          - role: deployer
            tenants: [../etc]
            members: ["uid:root", "*"]
          - role: viewer
            tenant: [team-a]
            members: []
          - operator
        issuers:
          - issuer: https://id.example.org
            keys: http://id.example.org/keys
            prefix: "uid:"
          - issuer: https://id.example.org
            keys: /keys
            audience: caisson
            prefix: id
            group: groups
        """;
    assertThatThrownBy(() -> AccessDocument.read("access.yaml", document, PERMISSIONS))
        .isInstanceOf(DocumentException.class)
        .hasMessageStartingWith("The access file must be changed: access.yaml\n")
        .message()
        .contains(
            "roles.viewer must be of [a-z0-9-], and none of the built-in roles",
            "roles.Deployer must be of [a-z0-9-]",
            "containers.fly",
            "the file must have only [bindings, issuers, roles]: binding",
            "bindings[0].role must be one of",
            "bindings[0].tenants must be ids of tenants, or \"*\": ../etc",
            ": uid:root",
            ": *",
            "bindings[1] must have only [members, role, tenants]: tenant",
            "bindings[1].tenants must be a list: null",
            "bindings[1].members must have at least one entry",
            "bindings[2] must be a mapping: operator",
            "issuers[0].keys must be an https URL or a file, as a whole path: http:",
            "issuers[0].audience must be a text: null",
            "issuers[0].prefix must be a word and a colon",
            "issuers[1].issuer must be there once",
            "issuers[1].prefix must be a word and a colon",
            ": group");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "bindings",
        "bindings: {}",
        "bindings: []\nbindings: []",
        "a: &a [*a]",
        "bindings: !!java.net.URL [http://example.org]",
        "bindings: [{role: viewer, tenants: [[[[[[[[[[x]]]]]]]]]], members: [1000]}]",
        "\u0000"
      })
  void refusesWhatIsNoAccessFile(String text) {
    assertThatThrownBy(() -> AccessDocument.read("access.yaml", text, PERMISSIONS))
        .isInstanceOf(DocumentException.class)
        .hasMessageContaining(" must ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "*",
        "user:*",
        "spiffe://*",
        "spiffe://example.org",
        "spiffe://example.org/c*",
        "unix:",
        "group:x",
        "id:ada",
        "group:id:ada",
        "x509:*"
      })
  void refusesMembersWhoCouldBeMoreThanIsMeant(String member) {
    String document =
        "bindings: [{role: viewer, tenants: [a], members: [\"%s\"]}]".formatted(member);
    assertThatThrownBy(() -> AccessDocument.read("access.yaml", document, PERMISSIONS))
        .isInstanceOf(DocumentException.class);
  }
}
