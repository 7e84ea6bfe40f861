package dev.caisson.cli;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.caisson.rpc.BearerToken;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a login has left for a context.
 *
 * @param token that calls carry
 * @param refresh with which the issuer gives another; null: none
 * @param access whether the access token is carried, and not the ID token
 * @param address of the gateway that it was got for: no other gets it
 */
record StoredToken(
    String token, @Nullable String refresh, boolean access, @Nullable String address) {
  private static final Gson GSON = new Gson();
  private static final int PARTS = 3;

  /** So long before its end another one is asked for. */
  private static final Duration EARLY = Duration.ofSeconds(30);

  private static String file(String context) {
    return "tokens/" + context + ".json";
  }

  static Optional<StoredToken> read(UserFiles files, Contexts.Named context) {
    try {
      return files
          .read(file(context.name()))
          .map(text -> GSON.fromJson(text, StoredToken.class))
          .filter(StoredToken::isSound)
          .filter(token -> context.context().address().equals(token.address()));
    } catch (JsonParseException e) {
      return Optional.empty(); // as if there had been no login
    }
  }

  @SuppressWarnings("ConstantValue") // Gson sets what a file has
  private boolean isSound() {
    return token != null && BearerToken.isOne(token);
  }

  void write(UserFiles files, Contexts.Named context) {
    StoredToken bound = new StoredToken(token, refresh, access, context.context().address());
    files.write(file(context.name()), GSON.toJson(bound) + "\n");
  }

  static boolean delete(UserFiles files, String context) {
    return files.delete(file(context));
  }

  /**
   * One that lasts, as far as there is a way to it: the gateway refuses what does not.
   *
   * @return empty: nobody has logged in
   */
  static Optional<StoredToken> lasting(UserFiles files, Contexts.Named context) {
    return read(files, context).map(token -> token.renewed(files, context));
  }

  private StoredToken renewed(UserFiles files, Contexts.Named context) {
    Optional<TokenIssuer> issuer = context.context().issuerOfTokens();
    boolean ends = expiry().filter(end -> end.isBefore(Instant.now().plus(EARLY))).isPresent();
    if (!ends || refresh == null || issuer.isEmpty()) {
      return this;
    }
    return files.locked(() -> {
      Optional<StoredToken> newest = read(files, context);
      if (!newest.equals(
          Optional.of(this))) { // another client has been faster, or he has logged out
        return newest.orElse(this);
      }
      StoredToken fresh = refreshed(issuer.get());
      if (!fresh.equals(this)) {
        fresh.write(files, context); // first of all: what asked for it may be worth nothing now
      }
      if (fresh.token().equals(token) && !holds()) {
        throw ended();
      }
      return fresh;
    });
  }

  /** While it holds, nobody need be there who gives another. */
  private StoredToken refreshed(TokenIssuer issuer) {
    try {
      return issuer.refreshed(this);
    } catch (CliException e) {
      if (holds()) {
        return this;
      }
      throw e;
    }
  }

  private CliException ended() {
    return new CliException(
        "The login has ended, and the issuer gives no other " + (access ? "token" : "ID token"),
        access
            ? "`caisson login` begins anew"
            : "`caisson login` begins anew; with --access-token, where the gateway takes that");
  }

  private boolean holds() {
    return expiry().map(end -> end.isAfter(Instant.now())).orElse(true);
  }

  /** When it ends, where it says so: RFC 7519, 4.1.4. The gateway checks it; this only reads. */
  Optional<Instant> expiry() {
    String[] parts = token.split("\\.", -1);
    if (parts.length != PARTS) {
      return Optional.empty();
    }
    try {
      String claims = new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8);
      JsonObject all = JsonParser.parseString(claims).getAsJsonObject();
      return all.has("exp")
          ? Optional.of(Instant.ofEpochSecond(all.get("exp").getAsLong()))
          : Optional.empty();
    } catch (RuntimeException e) { // whatever Gson and the calendar make of it
      return Optional.empty();
    }
  }
}
