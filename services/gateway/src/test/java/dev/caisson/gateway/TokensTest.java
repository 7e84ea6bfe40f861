package dev.caisson.gateway;

import static dev.caisson.gateway.GatewayFixture.container;
import static dev.caisson.gateway.GatewayFixture.info;
import static dev.caisson.gateway.GatewayFixture.refused;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.journal.v1.RecordDenialRequest;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.proto.v1.ContainersGrpc;
import io.grpc.ClientInterceptor;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Callers with tokens of an issuer. */
@Timeout(60)
class TokensTest {
  private static final String ISSUER = "https://id.example.org";

  @TempDir Path directory;
  private ECKey key;
  private GatewayFixture gateway;

  @BeforeEach
  void start() throws Exception {
    key = new ECKeyGenerator(Curve.P_256).keyID("one").generate();
    Files.writeString(directory.resolve("keys.json"), new JWKSet(key.toPublicJWK()).toString());
    Files.writeString(
        directory.resolve("access.yaml"),
        """
        issuers:
          - issuer: %s
            keys: %s
            audience: caisson
            prefix: "id:"
            groups: groups
        bindings:
          - {role: operator, tenants: [a], members: ["id:ada"]}
          - {role: operator, tenants: [b], members: ["group:id:builders"]}
          - {role: admin, tenants: ["*"], members: ["unix:*"]}
        """
            .formatted(ISSUER, directory.resolve("keys.json")));
    gateway =
        GatewayFixture.start(
            directory,
            Map.of("caisson.gateway.access-file", directory.resolve("access.yaml").toString()));
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  @Test
  void knowsACallerByHisToken() throws Exception {
    create(signed(claims("ada")), "tenants/a");
    Actor actor = gateway.executor.last(CreateContainerRequest.class).getActor();
    assertThat(actor.getPrincipal()).isEqualTo("id:ada");
    assertThat(actor.getMethod()).isEqualTo("jwt");
    StatusRuntimeException error = refused(() -> create(signed(claims("ada")), "tenants/b"));
    assertThat(info(error).getMetadataMap())
        .as("not what the process at the socket may do")
        .containsEntry("principal", "id:ada")
        .containsEntry("tenant", "b");
  }

  @Test
  void knowsHisGroups() throws Exception {
    JWTClaimsSet claims =
        new JWTClaimsSet.Builder(claims("eve")).claim("groups", List.of("x", "builders")).build();
    create(signed(claims), "tenants/b");
    assertThat(reason(signed(claims), "tenants/a")).isEqualTo("NOT_ALLOWED");
  }

  @Test
  void refusesATokenThatDoesNotHold() throws Exception {
    JWTClaimsSet good = claims("ada");
    Instant past = Instant.now().minusSeconds(60);
    ECKey other = new ECKeyGenerator(Curve.P_256).keyID("one").generate();
    assertRefused(signed(with(good, "exp", Date.from(past))));
    assertRefused(signed(with(good, "exp", null)));
    assertRefused(signed(with(good, "nbf", Date.from(Instant.now().plusSeconds(60)))));
    assertRefused(signed(with(good, "aud", "other")));
    assertRefused(signed(with(good, "aud", null)));
    assertRefused(signed(with(good, "iss", "https://evil.example.org")));
    assertRefused(signed(with(good, "iss", null)));
    assertRefused(signed(with(good, "sub", null)));
    assertRefused(signed(with(good, "sub", "ada\nada")));
    assertRefused(signed(with(good, "sub", "*")));
    assertRefused(signed(with(good, "sub", List.of("ada"))));
    assertRefused(signed(good, other, "one"));
    assertRefused(signed(good, key, "two"));
    assertRefused(new PlainJWT(good).serialize());
    assertRefused(macWithThePublicKey(good));
    assertRefused(signed(good).replaceFirst("\\.[^.]*$", "."));
    assertRefused("ada");
    assertRefused("a.b.c");
    assertThat(gateway.executor.requests).isEmpty();
  }

  @Test
  void refusesAHeaderThatIsNone() throws Exception {
    for (String header : new String[] {"", "Basic YWRhOmFkYQ==", "Bearer", "Bearer a b"}) {
      StatusRuntimeException error =
          refused(() -> as(header).createContainer(request("tenants/a")));
      assertThat(error.getStatus().getCode()).as(header).isEqualTo(Status.Code.UNAUTHENTICATED);
    }
    create(signed(claims("ada")), "tenants/a", "bearer  ");
  }

  @Test
  void recordsARefusalWithWhomTheKernelKnows() throws Exception {
    assertRefused("forged");
    RecordDenialRequest denial = gateway.journal.denials.poll(5, TimeUnit.SECONDS);
    assertThat(denial.getReason()).isEqualTo("UNAUTHENTICATED");
    assertThat(denial.getActor().getPrincipal()).startsWith("uid:");
    assertThat(denial.getMessage()).doesNotContain("forged");
  }

  @Test
  void saysThatKeysCannotBeRead() throws Exception {
    Files.delete(directory.resolve("keys.json"));
    StatusRuntimeException error = refused(() -> create(signed(claims("ada")), "tenants/a"));
    assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(info(error).getReason()).isEqualTo("KEYS_UNAVAILABLE");
    assertThat(gateway.journal.denials).isEmpty();
  }

  private void assertRefused(String token) {
    StatusRuntimeException error = refused(() -> create(token, "tenants/a"));
    assertThat(error.getStatus().getCode()).as(token).isEqualTo(Status.Code.UNAUTHENTICATED);
    assertThat(info(error).getReason()).isEqualTo("UNAUTHENTICATED");
    assertThat(error.getStatus().getDescription()).startsWith("The token must ");
  }

  private String reason(String token, String tenant) {
    return info(refused(() -> create(token, tenant))).getReason();
  }

  private void create(String token, String tenant) {
    create(token, tenant, "Bearer ");
  }

  private void create(String token, String tenant, String scheme) {
    assertThat(as(scheme + token).createContainer(request(tenant))).isNotNull();
  }

  private static dev.caisson.proto.v1.CreateContainerRequest request(String tenant) {
    return container(tenant, "c", "x");
  }

  private ContainersGrpc.ContainersBlockingStub as(String header) {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), header);
    ClientInterceptor attach = MetadataUtils.newAttachHeadersInterceptor(headers);
    return gateway.containers().withInterceptors(attach);
  }

  private static JWTClaimsSet claims(String subject) {
    return new JWTClaimsSet.Builder()
        .issuer(ISSUER)
        .audience("caisson")
        .subject(subject)
        .expirationTime(Date.from(Instant.now().plusSeconds(300)))
        .build();
  }

  private static JWTClaimsSet with(JWTClaimsSet claims, String name, Object value) {
    return new JWTClaimsSet.Builder(claims).claim(name, value).build();
  }

  private String signed(JWTClaimsSet claims) throws JOSEException {
    return signed(claims, key, "one");
  }

  private static String signed(JWTClaimsSet claims, ECKey key, String id) throws JOSEException {
    JWSHeader header =
        new JWSHeader.Builder(JWSAlgorithm.ES256).type(JOSEObjectType.JWT).keyID(id).build();
    SignedJWT jwt = new SignedJWT(header, claims);
    jwt.sign(new ECDSASigner(key));
    return jwt.serialize();
  }

  /** The classic: what verifies a signature, taken for a shared secret. */
  private String macWithThePublicKey(JWTClaimsSet claims) throws JOSEException {
    SignedJWT jwt =
        new SignedJWT(new JWSHeader.Builder(JWSAlgorithm.HS256).keyID("one").build(), claims);
    jwt.sign(new MACSigner(key.toPublicJWK().toECPublicKey().getEncoded()));
    return jwt.serialize();
  }
}
