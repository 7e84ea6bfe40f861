package dev.caisson.gateway.access;

/**
 * Who issues tokens, and what of them is believed.
 *
 * @param issuer the {@code iss} of its tokens
 * @param keys its JWK Set: an https URL, or a file
 * @param authorities who may have signed the URL's certificate, a PEM file; empty: whom the JVM
 *     trusts
 * @param audience one of a token's {@code aud}
 * @param prefix before the names that it gives, as in {@code id:}
 * @param principal the claim with the caller's name
 * @param groups the claim with his groups; empty: none are read
 */
record Issuer(
    String issuer,
    String keys,
    String authorities,
    String audience,
    String prefix,
    String principal,
    String groups) {

  boolean isFile() {
    return keys.startsWith("/");
  }
}
