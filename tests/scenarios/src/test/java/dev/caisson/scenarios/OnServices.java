package dev.caisson.scenarios;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.caisson.proto.v1.DeleteContainerRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;

/** Scenarios on services of one class each, which leave no sandbox there. */
@Timeout(120)
abstract class OnServices {
  static final int KILL = 9;
  static final int TERM = 15;

  /** Which the guard allows, and which always fails. */
  static final String FAILING_HOOK = "/usr/bin/false";

  static Services services;
  static Client client;

  @BeforeAll
  static void begin() throws Exception {
    services = Services.begin("rootfs.images = true", "hook = " + FAILING_HOOK + " uid=0");
    client = new Client(services.socket());
  }

  @AfterEach
  void deleteEverything() {
    client.deleteEverything();
    assertThat(client.list()).isEmpty();
  }

  @AfterAll
  static void end() throws Exception {
    if (client != null) {
      client.close();
      client = null;
    }
    if (services != null) {
      services.close();
      services = null;
    }
  }

  /** What the class's containers are by default. */
  Document document(String... args) {
    return new Document(services.rootfs(), args);
  }

  final Document script(String script) {
    return document("sh", "-c", script);
  }

  static String newId() {
    return "c-" + UUID.randomUUID();
  }

  /** Whatever it does. */
  static void forced(String id) {
    client.delete(DeleteContainerRequest.newBuilder().setName(Client.name(id)).setForce(true));
  }

  /** What it says, where it ends well. */
  static String out(Document document) {
    Ended ended = client.run(document);
    assertThat(ended.code()).as("%s", ended).isZero();
    return ended.out();
  }

  static StatusRuntimeException refused(Status.Code code, String reason, ThrowingCallable call) {
    StatusRuntimeException error = catchThrowableOfType(StatusRuntimeException.class, call);
    assertThat(error).as("it is refused").isNotNull();
    assertThat(error.getStatus().getCode()).as("%s", error).isEqualTo(code);
    assertThat(Client.reason(error)).as("%s", error).isEqualTo(reason);
    return error;
  }
}
