package dev.caisson.backing;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.github.dockerjava.api.exception.NotFoundException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.testcontainers.DockerClientFactory;

/**
 * The Docker engine of this machine, if there is one: at {@code DOCKER_HOST}, a Unix socket, or at
 * Docker's usual place. What {@code CAISSON_TEST_BACKING} says decides: {@code containers} wants
 * one and fails where it or an image is missing, {@code processes} wants none, and {@code auto}
 * takes a container where the engine has the image. Nothing is ever fetched.
 */
final class Engine {

  static final Duration TIMEOUT = Duration.ofSeconds(20);

  private static final List<String> BACKINGS = List.of("auto", "containers", "processes");

  /** The highest version of its API that an engine speaks, as {@code GET /_ping} says it. */
  private static final Pattern VERSION = Pattern.compile("(?im)^Api-Version: *([0-9.]+)\\s*$");

  private static final Duration ANSWER = Duration.ofSeconds(5);
  private static final int LONGEST_ANSWER = 4096;

  private static final Engine HERE =
      new Engine(
          setting("CAISSON_TEST_BACKING", "auto"),
          setting("DOCKER_HOST", "unix:///var/run/docker.sock"));

  private final String backing;
  private final String host;

  /**
   * @param backing {@code auto}, {@code containers} or {@code processes}
   * @param host where it listens: {@code unix:///…}
   */
  Engine(String backing, String host) {
    if (!BACKINGS.contains(backing)) {
      throw new IllegalArgumentException(
          "CAISSON_TEST_BACKING must be one of " + BACKINGS + ": " + backing);
    }
    this.backing = backing;
    this.host = host;
  }

  /** A setting of the environment. */
  static String setting(String name, String otherwise) {
    return Optional.ofNullable(System.getenv(name)).filter(v -> !v.isBlank()).orElse(otherwise);
  }

  /**
   * The image, where this machine's engine is to run it.
   *
   * @throws IllegalStateException if it must and cannot
   */
  static Optional<String> having(String image) {
    return HERE.take(image);
  }

  Optional<String> take(String image) {
    if (backing.equals("processes")) {
      return Optional.empty();
    }
    // One that is asked for by its socket, and does not come up, says nothing at all.
    Optional<String> version =
        CompletableFuture.supplyAsync(this::version)
            .completeOnTimeout(Optional.empty(), ANSWER.toMillis(), TimeUnit.MILLISECONDS)
            .join();
    boolean had = version.isPresent() && has(image, version.get());
    if (!had && backing.equals("containers")) {
      throw new IllegalStateException(
          version.isPresent()
              ? "The Docker engine has no image " + image + ": docker pull it, or docker load it"
              : "No Docker engine answers at " + host + ": start dockerd, or set DOCKER_HOST");
    }
    return had ? Optional.of(image) : Optional.empty();
  }

  // Testcontainers would look for long in many places, and log each failure.
  Optional<String> version() {
    Path socket = Path.of(host.replaceFirst("^unix://", ""));
    if (!Files.exists(socket)) {
      return Optional.empty();
    }
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(socket));
      channel.write(
          ByteBuffer.wrap(
              "GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n"
                  .getBytes(US_ASCII)));
      ByteBuffer answer = ByteBuffer.allocate(LONGEST_ANSWER);
      while (channel.read(answer) > 0) {
        // All of it: it is short.
      }
      Matcher version = VERSION.matcher(new String(answer.array(), 0, answer.position(), US_ASCII));
      return version.find() ? Optional.of(version.group(1)) : Optional.empty();
    } catch (IOException _) {
      return Optional.empty();
    }
  }

  private static boolean has(String image, String version) {
    // An older engine refuses the version that the client would ask for.
    System.setProperty("api.version", version);
    try {
      return DockerClientFactory.instance().client().inspectImageCmd(image).exec().getId() != null;
    } catch (NotFoundException _) {
      return false;
    }
  }
}
