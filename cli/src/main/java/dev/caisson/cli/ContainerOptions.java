package dev.caisson.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.protobuf.ByteString;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.OciBundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What a container is to be, as the command line says it. */
final class ContainerOptions {
  /** Bytes: what the gateway takes. */
  static final long CONFIG_BOUND = 1 << 20;

  @Option(
      names = "--id",
      paramLabel = "ID",
      description = "Its name: 1 to 64 of A-Z a-z 0-9 _ . + - (default: one is made up).")
  @Nullable String id;

  @Option(
      names = "--sandbox",
      paramLabel = "ID",
      description = "Join this sandbox (default: a sandbox of its own).")
  @Nullable String sandbox;

  @Option(
      names = "--rootfs",
      paramLabel = "DIR",
      description = "Directory that becomes its root file system.")
  @Nullable Path rootfs;

  @Option(
      names = "--bundle",
      paramLabel = "DIR",
      description =
          "OCI bundle: a directory with a config.json. Other options change what it says.")
  @Nullable Path bundle;

  @Mixin SpecChanges changes = new SpecChanges();

  @Mixin LogOptions logs = new LogOptions();

  @Parameters(
      arity = "0..*",
      paramLabel = "[--] CMD ARG",
      description = "The program and its arguments (default: the bundle's).")
  List<String> command = new ArrayList<>();

  String idOrNew() {
    return id == null ? Names.newId() : id;
  }

  CreateContainerRequest request(Names names) {
    CreateContainerRequest.Builder request =
        CreateContainerRequest.newBuilder()
            .setParent(sandbox == null ? names.parent() : names.sandbox(sandbox))
            .setContainerId(idOrNew())
            .setContainer(Container.newBuilder().setOci(oci()));
    logs.apply(request);
    Networks.of(changes.namespaces.network, changes.namespaces.published)
        .ifPresent(request::setNetwork);
    return request.build();
  }

  /** Whether its program is to be at a terminal; what cannot be read the gateway judges. */
  static boolean hasTerminal(CreateContainerRequest request) {
    try {
      JsonObject config = parsed(request.getContainer().getOci().getConfigJson());
      return config.has("process")
          && new JsonPrimitive(true).equals(config.getAsJsonObject("process").get("terminal"));
    } catch (CliException | ClassCastException | IllegalStateException e) {
      return false;
    }
  }

  private OciBundle oci() {
    List<String> args = CommandWords.of(command);
    if (bundle != null && rootfs == null) {
      return fromBundle(bundle.toAbsolutePath().normalize(), args);
    }
    if (rootfs != null && bundle == null) {
      return fromRootfs(rootfs.toAbsolutePath().normalize(), args);
    }
    throw CliException.usage(
        "Exactly one of --rootfs and --bundle must be given", "caisson run --rootfs DIR -- CMD");
  }

  private OciBundle fromRootfs(Path root, List<String> args) {
    if (args.isEmpty()) {
      throw CliException.usage(
          "CMD must be given with --rootfs", "caisson run --rootfs DIR -- CMD");
    }
    JsonObject config = OciTemplate.of(root);
    changes.apply(config, args);
    return oci(ByteString.copyFromUtf8(config.toString()), root);
  }

  /**
   * Byte for byte as it is, unless the command line changes it: the gateway judges it, not the
   * client.
   */
  private OciBundle fromBundle(Path directory, List<String> args) {
    ByteString text = read(directory.resolve("config.json"));
    if (!changes.any() && args.isEmpty()) {
      return oci(text, directory);
    }
    JsonObject config = parsed(text);
    changes.apply(config, args);
    return oci(ByteString.copyFromUtf8(config.toString()), directory);
  }

  private static JsonObject parsed(ByteString text) {
    try {
      JsonElement config = JsonParser.parseString(text.toStringUtf8());
      return config.getAsJsonObject();
    } catch (JsonParseException | IllegalStateException malformed) {
      throw new CliException("config.json must be a JSON object: " + malformed.getMessage());
    }
  }

  private static ByteString read(Path config) {
    try {
      if (Files.size(config) > CONFIG_BOUND) {
        throw new CliException("config.json must have at most 1 MiB: " + config);
      }
      return ByteString.copyFrom(Files.readAllBytes(config));
    } catch (IOException unreadable) {
      throw new CliException(
          "Failed to read " + config + ": " + reason(unreadable),
          "a bundle is a directory with a config.json");
    }
  }

  private static String reason(IOException failure) {
    return failure instanceof java.nio.file.NoSuchFileException
        ? "it is not there"
        : failure.toString();
  }

  private static OciBundle oci(ByteString config, Path directory) {
    return OciBundle.newBuilder().setConfigJson(config).setBundle(directory.toString()).build();
  }
}
