package dev.caisson.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.Gson;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.time.Instant;
import java.util.Base64;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** An OpenID provider that says what a test wants: the next of its answers to each question. */
final class FakeIssuer implements AutoCloseable {
  /** Answers of the token endpoint, and the forms that came for them. */
  final Deque<Answer> answers = new ConcurrentLinkedDeque<>();

  final List<Map<String, String>> forms = new CopyOnWriteArrayList<>();
  private final HttpServer server;

  /**
   * @param body text as it is; all else as JSON
   */
  record Answer(int code, Object body) {}

  FakeIssuer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/.well-known/openid-configuration",
        exchange ->
            answer(
                exchange,
                new Answer(
                    200,
                    Map.of(
                        "issuer", url(),
                        "device_authorization_endpoint", url() + "/device",
                        "token_endpoint", url() + "/token"))));
    server.createContext(
        "/device",
        exchange -> {
          forms.add(form(exchange));
          answer(
              exchange,
              new Answer(
                  200,
                  Map.of(
                      "device_code", "d/1+2",
                      "user_code", "WDJB-\u001bMJHT",
                      "verification_uri", "https://id.example.org/device",
                      "expires_in", 60,
                      "interval", 1)));
        });
    server.createContext(
        "/token",
        exchange -> {
          forms.add(form(exchange));
          answer(exchange, answers.remove());
        });
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** Such a token as nobody would believe. */
  static String token(Instant expiry) {
    return Stream.of("{\"alg\":\"none\"}", "{\"exp\":" + expiry.getEpochSecond() + "}", "x")
        .map(part -> Base64.getUrlEncoder().withoutPadding().encodeToString(part.getBytes(UTF_8)))
        .collect(Collectors.joining("."));
  }

  private static Map<String, String> form(HttpExchange exchange) throws IOException {
    String text = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
    return Stream.of(text.split("&", -1))
        .map(pair -> pair.split("=", -1))
        .collect(Collectors.toMap(pair -> pair[0], pair -> URLDecoder.decode(pair[1], UTF_8)));
  }

  private static void answer(HttpExchange exchange, Answer answer) throws IOException {
    try (exchange) {
      String text = answer.body() instanceof String page ? page : new Gson().toJson(answer.body());
      byte[] body = text.getBytes(UTF_8);
      exchange.sendResponseHeaders(answer.code(), body.length);
      exchange.getResponseBody().write(body);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
