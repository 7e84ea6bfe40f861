package dev.caisson.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The API over HTTP. */
@Timeout(60)
class HttpTest {
  private static final String JSON = "content-type: application/json";
  private static final String APP = "/v1/tenants/t/sandboxes/pod/containers/app";
  private static final String UPGRADE =
      String.join(
          "\r\n",
          "connection: upgrade",
          "upgrade: websocket",
          "sec-websocket-version: 13",
          "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
          "");

  @TempDir static Path directory;
  private static GatewayFixture gateway;

  @BeforeAll
  static void start() throws Exception {
    gateway =
        GatewayFixture.start(directory, Map.of("caisson.gateway.http.socket", socket().toString()));
  }

  @AfterAll
  static void stop() throws Exception {
    gateway.close();
  }

  @BeforeEach
  void forget() {
    gateway.executor.containers.clear();
    gateway.executor.requests.clear();
    gateway.executor.failure = null;
    gateway.executor.add("t", "pod", "app");
  }

  private static Path socket() {
    return directory.resolve("h");
  }

  private static String ask(String verb, String path, String... headersAndBody) throws IOException {
    return HttpProbe.ask(socket(), verb, path, headersAndBody);
  }

  @Test
  void answersAQuestion() throws Exception {
    assertThat(ask("GET", APP))
        .startsWith("HTTP/1.1 200 OK\r\n")
        .contains("content-type: application/json\r\n", "x-content-type-options: nosniff\r\n")
        .contains("\"name\":\"tenants/t/sandboxes/pod/containers/app\"")
        .endsWith("}\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {APP, "/v1/tenants/t/sandboxes/pod/containers/gone"})
  void saysTheNameOfTheCall(String path) throws Exception {
    assertThat(ask("GET", path, "x-request-id: call-7", "")).contains("x-request-id: call-7\r\n");
    assertThat(ask("GET", path, "x-request-id: call 7", ""))
        .containsPattern("x-request-id: [0-9a-f-]{36}\r\n");
  }

  @Test
  void saysTheNameOfACallThatStreams() throws Exception {
    try (HttpProbe probe = new HttpProbe(socket())) {
      probe.send(
          "GET /v1/tenants/t/sandboxes:watch HTTP/1.1\r\nhost: x\r\nx-request-id: call-7\r\n\r\n");
      assertThat(probe.until("\"synced\":{}")).contains("x-request-id: call-7\r\n");
    }
  }

  @Test
  void makesAContainerOfABody() throws Exception {
    String body =
        """
        {"containerId": "web", "request_id": "r-1", "container":
          {"spec": {"process": {"args": ["sh"]}, "root": {"path": "/r"}}}}\
        """;
    assertThat(ask("POST", "/v1/tenants/t/containers", JSON, body))
        .startsWith("HTTP/1.1 200 OK\r\n")
        .contains("\"name\":\"tenants/t/sandboxes/web/containers/web\"");
    var made = gateway.executor.last(dev.caisson.proto.executor.v1.CreateContainerRequest.class);
    assertThat(made.getTenant()).isEqualTo("t");
    assertThat(made.getActor().getRequestId()).isEqualTo("r-1");
    assertThat(made.getActor().getMethod()).isEqualTo("peer-credentials");
    assertThat(made.getSpec().getProcess().getArgsList()).containsExactly("sh");
  }

  @Test
  void whatThePathSaysHoldsAgainstTheBody() throws Exception {
    String body =
        """
        {"parent": "tenants/other", "containerId": "web", "container":
          {"spec": {"process": {"args": ["sh"]}, "root": {"path": "/r"}}}}\
        """;
    assertThat(ask("POST", "/v1/tenants/t/containers?parent=tenants/third", JSON, body))
        .contains("\"name\":\"tenants/t/sandboxes/web/containers/web\"");
  }

  @Test
  void readsWhatItDoesNotFindInThePathFromTheQuery() throws Exception {
    assertThat(ask("GET", "/v1/tenants/t/sandboxes/-/containers?pageSize=1"))
        .contains("\"containers\":[{")
        .startsWith("HTTP/1.1 200");
    assertThat(ask("DELETE", APP + "?force=true&request_id=r")).startsWith("HTTP/1.1 200");
    assertThat(
            gateway
                .executor
                .last(dev.caisson.proto.executor.v1.DeleteContainerRequest.class)
                .getForce())
        .isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          GET    | /v1/tenants/t/sandboxes/pod/containers/none      | 404 | CONTAINER_NOT_FOUND
          GET    | /v1/tenants/t/nothing                            | 404 | no such path
          PUT    | /v1/tenants/t/sandboxes                          | 405 | must be one of [GET, POST]
          GET    | /v1/tenants/t%2Fsandboxes%2Fpod/sandboxes        | 404 | no such path
          GET    | /v1/tenants//sandboxes                           | 404 | no such path
          GET    | /v1/tenants/../t/sandboxes                       | 404 | no such path
          GET    | /v1/tenants/%2e%2e/sandboxes                     | 400 | INVALID_NAME
          GET    | /v1/tenants/%zz/sandboxes                        | 404 | no such path
          GET    | /v1/tenants/t/sandboxes?pageToken=%zz            | 400 | percent-encoded
          GET    | /v1/tenants/t/sandboxes?pageSize=x               | 400 | pageSize must be a value
          GET    | /v1/tenants/t/sandboxes?page=1                   | 400 | have only fields of the request
          GET    | /v1/tenants/t/sandboxes?pageSize=1&pageSize=2    | 400 | each once
          GET    | /v1/tenants/t/sandboxes/s/containers/c:exec      | 426 | open a WebSocket
          GET    | /v1/tenants/t/sandboxes/s/containers/c:fly       | 404 | no such path
          """)
  void refusesWithACodeAndASentence(String verb, String path, int code, String says)
      throws Exception {
    assertThat(ask(verb, path))
        .startsWith("HTTP/1.1 " + code + " ")
        .contains("{\"error\":{")
        .contains(says);
  }

  @Test
  void saysWhatMayBeDoneWithAPath() throws Exception {
    assertThat(ask("PUT", APP)).contains("\r\nallow: DELETE, GET, PATCH\r\n");
  }

  @Test
  void takesNoBodyThatAPageOfABrowserCouldSendUnasked() throws Exception {
    assertThat(ask("POST", APP + ":start", "content-type: text/plain", "{}"))
        .startsWith("HTTP/1.1 400")
        .contains("content-type must be application/json");
    assertThat(ask("POST", APP + ":start", "")).startsWith("HTTP/1.1 400");
    assertThat(ask("GET", APP, "{}")).startsWith("HTTP/1.1 400").contains("The body must be empty");
    assertThat(ask("POST", APP + ":start", "content-type: Application/JSON; charset=utf-8", ""))
        .startsWith("HTTP/1.1 200");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{",
        "[]",
        "{\"containerId\": 5, \"x\": 1}",
        "{\"container\": {\"spec\": {\"mounts\": 3}}}",
        "\u0000"
      })
  void refusesABodyThatIsNone(String body) throws Exception {
    assertThat(ask("POST", "/v1/tenants/t/containers", JSON, body))
        .startsWith("HTTP/1.1 400")
        .contains("The body must be JSON of a caisson.v1.CreateContainerRequest");
  }

  @Test
  void boundsWhatARequestCosts() throws Exception {
    String deep = "{\"container\":".repeat(5000);
    assertThat(ask("POST", "/v1/tenants/t/containers", JSON, deep)).startsWith("HTTP/1.1 400");
    try (HttpProbe probe = new HttpProbe(socket())) {
      probe.send(
          "POST /v1/tenants/t/containers HTTP/1.1\r\nhost: x\r\ncontent-length: 5000000\r\n\r\n");
      assertThat(probe.until("\r\n\r\n")).startsWith("HTTP/1.1 413");
    }
    assertThat(ask("GET", "/v1/" + "x".repeat(10_000))).startsWith("HTTP/1.1 414");
    assertThat(ask("GET", APP, "x: " + "y".repeat(20_000), "")).startsWith("HTTP/1.1 431");
  }

  /** Two ways to say where a request ends: RFC 9112, 6.3. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "content-length: 4\r\ntransfer-encoding: chunked",
        "content-length: 4\r\ncontent-length: 5",
        "transfer-encoding: identity, chunked, identity",
        "transfer-encoding: chunked, xchunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked"
      })
  void servesNobodyWhoSaysTwoThings(String headers) throws Exception {
    try (HttpProbe probe = new HttpProbe(socket())) {
      probe.send(
          "POST "
              + APP
              + ":start HTTP/1.1\r\nhost: x\r\n"
              + JSON
              + "\r\n"
              + headers
              + "\r\nconnection: close\r\n\r\n0\r\n\r\nDELETE "
              + APP
              + "?force=true HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
      var _ = probe.rest();
    }
    assertThat(gateway.executor.requests)
        .noneMatch(dev.caisson.proto.executor.v1.DeleteContainerRequest.class::isInstance);
  }

  @Test
  void streamsAsEventsWithACursor() throws Exception {
    try (HttpProbe probe = new HttpProbe(socket())) {
      probe.send("GET /v1/tenants/t/sandboxes:watch HTTP/1.1\r\nhost: x\r\n\r\n");
      assertThat(probe.until("\"synced\":{}"))
          .contains("content-type: text/event-stream\r\n")
          .contains("transfer-encoding: chunked")
          .contains("data: {");
    }
  }

  @Test
  void aCallOfWhomNobodyListensIsCancelled() throws Exception {
    gateway.executor.hang = true;
    try (HttpProbe probe = new HttpProbe(socket())) {
      probe.send("GET " + APP + ":wait HTTP/1.1\r\nhost: x\r\n\r\n");
      org.awaitility.Awaitility.await()
          .atMost(10, TimeUnit.SECONDS)
          .until(() ->
              gateway.executor.requests.stream()
                  .anyMatch(dev.caisson.proto.executor.v1.WaitRequest.class::isInstance));
    } finally {
      gateway.executor.hang = false;
    }
    assertThat(gateway.executor.cancelled.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void talksOverAWebSocket() throws Exception {
    try (HttpProbe probe = new HttpProbe(socket())) {
      probe.send("GET " + APP + ":exec HTTP/1.1\r\nhost: x\r\n" + UPGRADE + "\r\n");
      assertThat(probe.until("\r\n\r\n"))
          .startsWith("HTTP/1.1 101 ")
          .contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"); // RFC 6455, 1.3
      probe.sendText("{\"exec\": {\"process\": {\"args\": [\"cat\"]}}}");
      assertThat(probe.nextText()).contains("\"started\":{");
      String hello = Base64.getEncoder().encodeToString("hello".getBytes(StandardCharsets.UTF_8));
      probe.sendText("{\"input\": {\"stdin\": \"" + hello + "\"}}");
      assertThat(probe.nextText()).contains("\"output\":{").contains(hello);
      probe.sendText("{\"input\": {\"stdinEof\": true}}");
      assertThat(probe.nextText()).contains("\"exited\":{");
      assertThat(probe.nextText()).isEqualTo("1000 Bye");
    }
  }

  @Test
  void saysOverAWebSocketWhatIsWrong() throws Exception {
    try (HttpProbe probe = new HttpProbe(socket())) {
      probe.send(
          "GET /v1/tenants/t/sandboxes/pod/containers/none:exec HTTP/1.1\r\nhost: x\r\n"
              + UPGRADE
              + "\r\n");
      var _ = probe.until("\r\n\r\n");
      probe.sendText("{\"exec\": {\"process\": {\"args\": [\"cat\"]}}}");
      assertThat(probe.nextText()).contains("{\"error\":{").contains("CONTAINER_NOT_FOUND");
      assertThat(probe.nextText()).isEqualTo("1008 NOT_FOUND");
    }
    try (HttpProbe probe = new HttpProbe(socket())) {
      probe.send("GET " + APP + ":exec HTTP/1.1\r\nhost: x\r\n" + UPGRADE + "\r\n");
      var _ = probe.until("\r\n\r\n");
      probe.sendText("nonsense");
      assertThat(probe.nextText()).contains("The body must be JSON of a caisson.v1.ExecContainer");
    }
  }

  @Test
  void aWebSocketThatIsClosedCancelsItsCall() throws Exception {
    try (HttpProbe probe = new HttpProbe(socket())) {
      probe.send("GET " + APP + ":exec HTTP/1.1\r\nhost: x\r\n" + UPGRADE + "\r\n");
      var _ = probe.until("\r\n\r\n");
      probe.sendText("{\"exec\": {\"process\": {\"args\": [\"cat\"]}}}");
      assertThat(probe.nextText()).contains("\"started\":{");
      probe.sendClose();
      assertThat(probe.nextText()).isEqualTo("1000 ");
      assertThat(probe.rest()).isEmpty();
    }
  }

  /** RFC 6455, 5.4. */
  @Test
  void readsATextThatComesInParts() throws Exception {
    try (HttpProbe probe = new HttpProbe(socket())) {
      probe.send("GET " + APP + ":exec HTTP/1.1\r\nhost: x\r\n" + UPGRADE + "\r\n");
      var _ = probe.until("\r\n\r\n");
      probe.sendFrame(0x01, "{\"exec\": {\"process\": ");
      probe.sendFrame(0x80, "{\"args\": [\"cat\"]}}}");
      assertThat(probe.nextText()).contains("\"started\":{");
    }
  }

  @Test
  void givesTheWholeEndToACallerWhoStillSends() throws Exception {
    try (HttpProbe probe = new HttpProbe(socket())) {
      probe.send("GET " + APP + ":exec HTTP/1.1\r\nhost: x\r\n" + UPGRADE + "\r\n");
      var _ = probe.until("\r\n\r\n");
      probe.sendText("{\"exec\": {\"process\": {\"args\": [\"cat\"]}}}");
      assertThat(probe.nextText()).contains("\"started\":{");
      probe.sendText("nonsense");
      for (int i = 0; i < 1000; i++) {
        probe.sendText("{\"input\": {\"stdin\": \"aGVsbG8=\"}}");
      }
      assertThat(probe.nextText()).contains("{\"error\":{").contains("The body must be JSON");
      assertThat(probe.nextText()).isEqualTo("1008 INVALID_ARGUMENT");
      probe.sendClose();
      assertThat(probe.rest()).isEmpty();
    }
  }

  @Test
  void servesNobodyWhoAsksOnWithoutReading() throws Exception {
    try (HttpProbe probe = new HttpProbe(socket())) {
      String many = "GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(2000);
      assertThatThrownBy(
              () -> {
                probe.send(many);
                probe.send(many);
                String all = probe.rest();
                assertThat(all.length()).isLessThan(20_000_000);
                throw new IOException("closed");
              })
          .isInstanceOf(IOException.class);
    }
    assertThat(ask("GET", APP)).startsWith("HTTP/1.1 200");
  }

  @Test
  void opensNoWebSocketForAPageOfAnotherSite() throws Exception {
    try (HttpProbe probe = new HttpProbe(socket())) {
      probe.send(
          "GET "
              + APP
              + ":exec HTTP/1.1\r\nhost: x\r\norigin: https://example.org\r\n"
              + UPGRADE
              + "\r\n");
      assertThat(probe.until("\r\n\r\n")).startsWith("HTTP/1.1 403");
    }
  }

  @Test
  void servesOneAfterTheOtherOnAConnection() throws Exception {
    try (HttpProbe probe = new HttpProbe(socket())) {
      for (int i = 0; i < 3; i++) {
        probe.send("GET " + APP + " HTTP/1.1\r\nhost: x\r\n\r\n");
        assertThat(probe.until("}\n")).contains("HTTP/1.1 200 OK");
      }
    }
  }

  /** {@code -Dopenapi.write=true} writes it. */
  @Test
  void itsDocumentIsInTheRepository() throws Exception {
    String served = ask("GET", "/openapi.json");
    String document = served.substring(served.indexOf("\r\n\r\n") + 4);
    Path kept = Path.of("../../docs/openapi.json");
    if (Boolean.getBoolean("openapi.write")) {
      Files.writeString(kept, document);
    }
    assertThat(document).isEqualTo(Files.readString(kept));
    assertThat(document)
        .contains("\"/v1/tenants/{tenant}/sandboxes/{sandbox}/containers/{container}:exec\"");
  }
}
