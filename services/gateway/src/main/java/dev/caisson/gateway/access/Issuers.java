package dev.caisson.gateway.access;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.ImmutableJWKSet;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import dev.caisson.gateway.errors.Errors;
import dev.caisson.gateway.identity.TokenVerifier;
import dev.caisson.proto.v1.Reason;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import jakarta.inject.Singleton;
import java.text.ParseException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Knows callers by the tokens of the issuers that the access file names: JWTs (RFC 7519), signed
 * with an asymmetric key, as OpenID providers issue them.
 */
@Singleton
final class Issuers implements TokenVerifier {
  private static final Set<JWSAlgorithm> ALGORITHMS =
      Set.of(
          JWSAlgorithm.RS256,
          JWSAlgorithm.RS384,
          JWSAlgorithm.RS512,
          JWSAlgorithm.PS256,
          JWSAlgorithm.PS384,
          JWSAlgorithm.PS512,
          JWSAlgorithm.ES256,
          JWSAlgorithm.ES384,
          JWSAlgorithm.ES512);

  /** RFC 9068, 2.1, and what there was before it. */
  private static final DefaultJOSEObjectTypeVerifier<SecurityContext> TYPES =
      new DefaultJOSEObjectTypeVerifier<>(JOSEObjectType.JWT, new JOSEObjectType("at+jwt"), null);

  /** As it can be recorded. */
  private static final Pattern NAME = Pattern.compile("[\\p{Graph}&&[^*]]{1,200}");

  private static final int SKEW_SECONDS = 30;
  private static final int MAX_GROUPS = 256;

  private final AccessFile file;
  private final Map<Issuer, IssuerKeys> keys = new ConcurrentHashMap<>();

  Issuers(AccessFile file) {
    this.file = file;
  }

  @Override
  public Mono<Identity> verify(String token) {
    List<Issuer> known = file.content().map(Access::issuers).orElse(List.of());
    keys.keySet().retainAll(known);
    try {
      SignedJWT jwt = SignedJWT.parse(token);
      @Nullable String name = jwt.getJWTClaimsSet().getIssuer();
      Optional<Issuer> issuer = known.stream().filter(one -> one.issuer().equals(name)).findFirst();
      return issuer
          .map(one -> verify(one, jwt))
          .orElseGet(() -> Mono.error(refusal("be of an issuer that the access file names")));
    } catch (ParseException e) {
      return Mono.error(refusal("be a signed JWT"));
    }
  }

  private Mono<Identity> verify(Issuer issuer, SignedJWT jwt) {
    @Nullable String id = jwt.getHeader().getKeyID();
    return keys.computeIfAbsent(issuer, IssuerKeys::new)
        .with(id == null ? "" : id)
        .onErrorMap(e -> unavailable(issuer))
        .map(set -> verify(issuer, jwt, set));
  }

  private static Identity verify(Issuer issuer, SignedJWT jwt, JWKSet keys) {
    DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
    processor.setJWSTypeVerifier(TYPES);
    processor.setJWSKeySelector(
        new JWSVerificationKeySelector<>(ALGORITHMS, new ImmutableJWKSet<>(keys)));
    DefaultJWTClaimsVerifier<SecurityContext> claims =
        new DefaultJWTClaimsVerifier<>(
            issuer.audience(),
            new JWTClaimsSet.Builder().issuer(issuer.issuer()).build(),
            Set.of("exp", issuer.principal()));
    claims.setMaxClockSkew(SKEW_SECONDS);
    processor.setJWTClaimsSetVerifier(claims);
    try {
      return identity(issuer, processor.process(jwt, null));
    } catch (BadJOSEException | JOSEException e) {
      throw refusal("hold: " + e.getMessage());
    } catch (ParseException e) {
      throw refusal("have texts for names");
    }
  }

  private static Identity identity(Issuer issuer, JWTClaimsSet claims) throws ParseException {
    String principal = issuer.prefix() + name(claims.getStringClaim(issuer.principal()));
    Set<String> identities = new HashSet<>(Set.of(principal));
    @Nullable List<String> groups =
        issuer.groups().isEmpty() ? null : claims.getStringListClaim(issuer.groups());
    if (groups != null) {
      groups.stream()
          .limit(MAX_GROUPS)
          .forEach(group -> identities.add("group:" + issuer.prefix() + group));
    }
    return new Identity(principal, identities);
  }

  private static String name(@Nullable String claim) {
    if (claim == null || !NAME.matcher(claim).matches()) {
      throw refusal("name its bearer in 1 to 200 visible characters of ASCII");
    }
    return claim;
  }

  private static StatusRuntimeException refusal(String rule) {
    return Errors.of(
        Status.Code.UNAUTHENTICATED,
        Reason.UNAUTHENTICATED.name(),
        "The token must " + rule,
        Map.of());
  }

  private static StatusRuntimeException unavailable(Issuer issuer) {
    return Errors.of(
        Status.Code.UNAVAILABLE,
        Reason.KEYS_UNAVAILABLE.name(),
        "The keys of the token's issuer cannot be read; call again, and see the gateway's log",
        Map.of("issuer", issuer.issuer()));
  }
}
