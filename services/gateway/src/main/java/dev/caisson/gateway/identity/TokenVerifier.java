package dev.caisson.gateway.identity;

import java.util.Set;
import reactor.core.publisher.Mono;

/** Knows a caller by the token that he brings. Thread-safe, and never blocks. */
public interface TokenVerifier {

  /**
   * Whom a token is for.
   *
   * @param principal as the record will have it
   * @param identities the principal, and groups
   */
  record Identity(String principal, Set<String> identities) {
    public Identity {
      identities = Set.copyOf(identities);
    }
  }

  /**
   * Of a bearer token. It fails with a StatusRuntimeException: UNAUTHENTICATED if it names nobody,
   * UNAVAILABLE while its issuer's keys cannot be had.
   */
  Mono<Identity> verify(String token);
}
