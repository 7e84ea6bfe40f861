package dev.caisson.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** A server in a sandbox is reached by the client, through the gateway and the executor. */
class PortForwardingIT extends OnServices {
  @Test
  void aServerIsReached() {
    String id = newId();
    client.started(id, document("nc", "-ll", "-p", "8080", "-e", "echo", "hello from inside"));

    Words[] said = new Words[1];
    Awaitility.await()
        .until(() -> {
          said[0] = services.caisson("port-forward", "--stdio", id, "8080");
          return said[0].code() == 0;
        });

    assertThat(said[0].out()).isEqualTo("hello from inside\n");
    assertThat(services.caisson("port-forward", "--stdio", id, "8081").err())
        .contains("Nothing listens at port 8081 in sandbox " + id, "PORT_CLOSED");
  }

  @Test
  void forwardingEndsWithTheContainer() {
    String id = newId();
    client.started(id, document("sh", "-c", "sleep 3; exit 4"));

    Words said = services.caisson("port-forward", id, ":8080");

    assertThat(said.code()).isEqualTo(125);
    assertThat(said.out()).contains("Forwarding from 127.0.0.1:", " -> 8080");
    assertThat(said.err()).contains("has ended, with 4");
  }
}
