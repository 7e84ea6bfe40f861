package dev.caisson.executor.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.gson.JsonObject;
import dev.caisson.proto.types.v1.PortMapping;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What plugins are told, and what is kept of it. */
class AttachmentTest {
  @TempDir private Path directory;

  private static final String PLUGINS =
      "[{\"type\":\"bridge\",\"prevResult\":{\"x\":1},\"runtimeConfig\":{\"y\":1}},"
          + "{\"type\":\"portmap\",\"capabilities\":{\"portMappings\":true}}]";

  private static Attachment attachment(String version) throws Json.Malformed {
    Configuration network =
        Configuration.parse(
            "{\"cniVersion\":\"" + version + "\",\"name\":\"pods\",\"plugins\":" + PLUGINS + "}",
            true);
    return Attachment.begin(
        network,
        List.of(
            PortMapping.newBuilder()
                .setHostPort(8080)
                .setContainerPort(80)
                .setProtocol(PortMapping.Protocol.UDP)
                .build()));
  }

  private static JsonObject input(Attachment attachment, int plugin, Attachment.Command command)
      throws Json.Malformed {
    return Json.object(attachment.input(attachment.network().plugins().get(plugin), command));
  }

  @Test
  void theFirstPluginGetsNothingOfAnother() throws Exception {
    assertThat(input(attachment("1.0.0"), 0, Attachment.Command.ADD).toString())
        .isEqualTo("{\"type\":\"bridge\",\"name\":\"pods\",\"cniVersion\":\"1.0.0\"}");
  }

  @Test
  void onlyWhoCanMapPortsIsAskedTo() throws Exception {
    JsonObject input = input(attachment("1.0.0"), 1, Attachment.Command.ADD);
    assertThat(input.has("capabilities")).isFalse();
    assertThat(input.get("runtimeConfig").toString())
        .isEqualTo(
            "{\"portMappings\":[{\"hostPort\":8080,\"containerPort\":80,\"protocol\":\"udp\"}]}");
  }

  @Test
  void theResultIsChained() throws Exception {
    JsonObject result = Json.object("{\"ips\":[{\"address\":\"10.0.0.2/8\"}]}");
    for (Attachment.Command command : Attachment.Command.values()) {
      assertThat(input(attachment("1.0.0").with(result), 1, command).get("prevResult"))
          .isEqualTo(result);
    }
    assertThat(input(attachment("0.3.1").with(result), 1, Attachment.Command.DEL).has("prevResult"))
        .isFalse();
  }

  @Test
  void whatIsKeptIsFound() throws Exception {
    Attachments kept = new Attachments(directory.resolve("networks"));
    assertThat(kept.uids()).isEmpty();
    assertThat(kept.find("u")).isEmpty();
    Attachment begun = attachment("1.0.0");
    kept.keep("u", begun);
    assertThat(kept.find("u")).contains(begun);
    Attachment done = begun.with(Json.object("{\"ips\":[]}"));
    kept.keep("u", done);
    assertThat(kept.find("u")).contains(done);
    assertThat(kept.uids()).containsExactly("u");
    kept.remove("u");
    kept.remove("u");
    assertThat(kept.uids()).isEmpty();
  }

  @Test
  void whatIsTornIsNotKnown() throws Exception {
    Attachments kept = new Attachments(directory.resolve("networks"));
    kept.keep("u", attachment("1.0.0"));
    Path file = kept.directory("u").resolve("attachment.json");
    Files.writeString(file, Files.readString(file).substring(0, 40));
    assertThat(kept.find("u")).isEmpty();
    assertThat(kept.find("u")).as("again").isEmpty();
    assertThat(directory.resolve("networks/attachment.broken")).exists();
  }

  @Test
  void whatIsNoAttachmentIsRefused() {
    for (String text : List.of("{}", "{\"network\":7}", "nonsense", "{\"network\":{}}")) {
      assertThatExceptionOfType(Json.Malformed.class).isThrownBy(() -> Attachment.parse(text));
    }
  }

  @Test
  void anAttachmentWithoutResultIsOneThatHasBegun() throws Exception {
    Attachment begun = attachment("1.1.0");
    assertThat(Attachment.parse(begun.text())).isEqualTo(begun);
    assertThat(begun.result()).isEqualTo(Optional.empty());
  }
}
