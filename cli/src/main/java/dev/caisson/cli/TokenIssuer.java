package dev.caisson.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.caisson.rpc.BearerToken;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An OpenID provider, as a program without a browser asks it for tokens: OpenID Connect Discovery
 * 1.0, RFC 8628 (device authorization grant), RFC 6749, 6 (refreshing).
 */
final class TokenIssuer {
  private static final Duration PATIENCE = Duration.ofSeconds(15);
  private static final int MOST = 1 << 20;
  private static final int OK = 200;
  private static final int SERVER_ERRORS = 500;

  private static final String ID_TOKEN = "id_token";
  private static final String REFRESH_TOKEN = "refresh_token";

  /** RFC 8628, 3.2 and 3.5: seconds between questions, and how many more where it says so. */
  private static final int INTERVAL = 5;

  private static final long SECOND = 1_000_000_000;
  private static final int SLOWER = 5;
  private static final int LONGEST = 3600;

  private final HttpClient client =
      HttpClient.newBuilder()
          .connectTimeout(PATIENCE)
          .followRedirects(HttpClient.Redirect.NEVER)
          .build();
  private final String issuer;
  private final String clientId;

  /**
   * Nothing is asked yet.
   *
   * @param issuer its URL; not in the clear, but on this machine
   */
  TokenIssuer(String issuer, String clientId) {
    this.issuer = issuer;
    this.clientId = clientId;
    var _ = url("--issuer", issuer);
  }

  /** What the user is to do. */
  record Device(String url, String code, @Nullable String urlWithCode) {}

  /**
   * Asks for a token until the user has said yes or no.
   *
   * @param access whether the access token is wanted, and not the ID token
   * @param tell of the page to open
   */
  StoredToken authorize(String scope, boolean access, Consumer<Device> tell)
      throws InterruptedException {
    JsonObject known = discovered();
    JsonObject begun =
        required(
            post(
                endpoint(known, "device_authorization_endpoint"),
                Map.of("client_id", clientId, "scope", scope)));
    tell.accept(
        new Device(
            text(begun, "verification_uri"),
            text(begun, "user_code"),
            optional(begun, "verification_uri_complete").orElse(null)));
    Map<String, String> question =
        Map.of(
            "grant_type",
            "urn:ietf:params:oauth:grant-type:device_code",
            "client_id",
            clientId,
            "device_code",
            text(begun, "device_code"));
    return polled(endpoint(known, "token_endpoint"), question, begun, access);
  }

  private StoredToken polled(
      URI tokens, Map<String, String> question, JsonObject begun, boolean access)
      throws InterruptedException {
    int pause = number(begun, "interval", INTERVAL);
    long end =
        System.nanoTime() + Duration.ofSeconds(number(begun, "expires_in", LONGEST)).toNanos();
    while (System.nanoTime() < end) {
      Thread.sleep(Duration.ofNanos(Math.min(end - System.nanoTime(), pause * SECOND)));
      Answer answer;
      try {
        answer = asked(form(tokens, question));
      } catch (UnansweredException e) {
        pause = Math.min(2 * pause, LONGEST); // RFC 8628, 3.5
        continue;
      }
      if (answer.code() == OK) {
        return token(answer.body(), access, Optional.empty());
      }
      switch (optional(answer.body(), "error").orElse("")) {
        case "authorization_pending" -> {}
        case "slow_down" -> pause += SLOWER;
        case "access_denied" ->
            throw new CliException("The login was refused at the issuer", "try again");
        case "expired_token" -> throw late();
        default -> throw refused(answer);
      }
    }
    throw late();
  }

  private static CliException late() {
    return new CliException("Nobody opened the page in time", "`caisson login` begins anew");
  }

  /**
   * Another for one that ends. Not every issuer gives an ID token again (OpenID Connect Core 1.0,
   * 12.2): then it is the old one, with what asks for the next.
   */
  StoredToken refreshed(StoredToken old) {
    Answer answer =
        post(
            endpoint(discovered(), "token_endpoint"),
            Map.of(
                "grant_type",
                REFRESH_TOKEN,
                "client_id",
                clientId,
                REFRESH_TOKEN,
                String.valueOf(old.refresh())));
    JsonObject body = required(answer);
    Optional<String> refresh = Optional.ofNullable(old.refresh());
    return !old.access() && optional(body, ID_TOKEN).isEmpty()
        ? new StoredToken(
            old.token(), optional(body, REFRESH_TOKEN).or(() -> refresh).orElse(null), false, null)
        : token(body, old.access(), refresh);
  }

  private StoredToken token(JsonObject answer, boolean access, Optional<String> refresh) {
    String token = text(answer, access ? "access_token" : ID_TOKEN);
    if (!BearerToken.isOne(token)) {
      throw new CliException("The issuer's token has characters that no header can carry");
    }
    return new StoredToken(
        token, optional(answer, REFRESH_TOKEN).or(() -> refresh).orElse(null), access, null);
  }

  private record Answer(int code, JsonObject body) {}

  private JsonObject discovered() {
    String base = issuer.endsWith("/") ? issuer.substring(0, issuer.length() - 1) : issuer;
    JsonObject known =
        required(
            send(
                HttpRequest.newBuilder(
                    url("--issuer", base + "/.well-known/openid-configuration"))));
    if (!text(known, "issuer").equals(issuer)) { // OpenID Connect Discovery 1.0, 4.3
      throw new CliException(
          Text.harmless("The issuer calls itself " + text(known, "issuer")),
          "give that as --issuer");
    }
    return known;
  }

  private URI endpoint(JsonObject known, String name) {
    return url("the issuer's " + name, text(known, name));
  }

  private Answer post(URI to, Map<String, String> fields) {
    return send(form(to, fields));
  }

  private static HttpRequest.Builder form(URI to, Map<String, String> fields) {
    String form =
        fields.entrySet().stream()
            .map(one -> encoded(one.getKey()) + "=" + encoded(one.getValue()))
            .collect(Collectors.joining("&"));
    return HttpRequest.newBuilder(to)
        .header("content-type", "application/x-www-form-urlencoded")
        .POST(HttpRequest.BodyPublishers.ofString(form));
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  /** Nobody is there, or only what stands before him. */
  private static final class UnansweredException extends Exception {
    private static final long serialVersionUID = 1;

    UnansweredException(String message) {
      super(message);
    }
  }

  private Answer send(HttpRequest.Builder request) {
    try {
      return asked(request);
    } catch (UnansweredException e) {
      throw new CliException(String.valueOf(e.getMessage()), "see --issuer");
    }
  }

  private Answer asked(HttpRequest.Builder request) throws UnansweredException {
    HttpRequest built = request.timeout(PATIENCE).header("accept", "application/json").build();
    int code = OK;
    try {
      HttpResponse<String> response =
          client
              .sendAsync(
                  built,
                  HttpResponse.BodyHandlers.limiting(
                      HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8), MOST))
              .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS); // its body included
      code = response.statusCode();
      if (code >= SERVER_ERRORS) {
        throw unanswered(built.uri(), "HTTP " + code);
      }
      return new Answer(code, JsonParser.parseString(response.body()).getAsJsonObject());
    } catch (ExecutionException | TimeoutException e) {
      throw unanswered(built.uri(), why(e));
    } catch (JsonParseException | IllegalStateException e) {
      if (code != OK) { // RFC 6749, 5.2: what an issuer refuses is an object
        throw unanswered(built.uri(), "HTTP " + code);
      }
      throw new CliException(
          Text.harmless("What the issuer answers at " + built.uri() + " is no JSON object"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CliException("Interrupted");
    }
  }

  private static UnansweredException unanswered(URI uri, String why) {
    return new UnansweredException(
        Text.harmless("The issuer does not answer at " + uri + ": " + why));
  }

  private static String why(Exception e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
  }

  private static JsonObject required(Answer answer) {
    if (answer.code() != OK) {
      throw refused(answer);
    }
    return answer.body();
  }

  /** RFC 6749, 5.2. */
  private static CliException refused(Answer answer) {
    String error = optional(answer.body(), "error").orElse("HTTP " + answer.code());
    String more = optional(answer.body(), "error_description").map(text -> ": " + text).orElse("");
    return new CliException(
        Text.harmless("The issuer refuses: " + error + more), "`caisson login` begins anew");
  }

  private static String text(JsonObject answer, String name) {
    return optional(answer, name)
        .orElseThrow(() -> new CliException("The issuer's answer has no " + name));
  }

  private static Optional<String> optional(JsonObject answer, String name) {
    return Optional.<JsonElement>ofNullable(answer.get(name))
        .filter(value -> value.isJsonPrimitive() && value.getAsJsonPrimitive().isString())
        .map(JsonElement::getAsString);
  }

  private static int number(JsonObject answer, String name, int otherwise) {
    return Optional.<JsonElement>ofNullable(answer.get(name))
        .filter(value -> value.isJsonPrimitive() && value.getAsJsonPrimitive().isNumber())
        .map(value -> Math.clamp(value.getAsLong(), 1, LONGEST))
        .orElse(otherwise);
  }

  private static URI url(String what, String text) {
    try {
      URI url = URI.create(text);
      boolean here = "127.0.0.1".equals(url.getHost()) || "localhost".equals(url.getHost());
      if (url.getHost() != null
          && ("https".equals(url.getScheme()) || ("http".equals(url.getScheme()) && here))) {
        return url;
      }
    } catch (IllegalArgumentException e) {
      // as what is no URL of the web
    }
    throw CliException.usage(Text.harmless(what + " must be an https URL: " + text));
  }
}
