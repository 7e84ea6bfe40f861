package dev.caisson.backing;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.NotModifiedException;
import java.nio.file.Path;
import java.util.List;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.BindMode;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * A container that can be ended and started again with what it has written, which Testcontainers
 * has not: it makes another one each time. Shares the engine's network, so that it keeps its
 * address. Not thread-safe.
 */
final class Container implements AutoCloseable {

  private final GenericContainer<?> container;

  Container(String image) {
    container = new GenericContainer<>(DockerImageName.parse(image)).withNetworkMode("host");
  }

  Container environment(String name, String value) {
    container.withEnv(name, value);
    return this;
  }

  /** Has it run as somebody: user and group, as numbers. */
  void user(String owner) {
    container.withCreateContainerCmdModifier(command -> command.withUser(owner));
  }

  /** Gives it a directory of this machine, by the same name. */
  void sees(Path directory, boolean writable) {
    container.withFileSystemBind(
        directory.toString(),
        directory.toString(),
        writable ? BindMode.READ_WRITE : BindMode.READ_ONLY);
  }

  /**
   * Starts it, or starts it again.
   *
   * @param arguments of the program; those of the first start count
   */
  void start(List<String> arguments) {
    if (container.getContainerId() == null) {
      container.withCommand(arguments.toArray(String[]::new)).start();
    } else {
      engine().startContainerCmd(id()).exec();
    }
  }

  /** Ends it at once, where it runs, and returns when it has ended. */
  void kill() {
    if (container.getContainerId() == null) {
      return;
    }
    try {
      engine().killContainerCmd(id()).exec();
    } catch (ConflictException _) {
      // It has ended.
    }
    Patience.await(
        "The end of a container", Engine.TIMEOUT, () -> !running(), () -> true, this::log);
  }

  /** Has it end by itself; kills it where it does not. */
  void stop() {
    if (container.getContainerId() == null) {
      return;
    }
    try {
      engine().stopContainerCmd(id()).withTimeout((int) Engine.TIMEOUT.toSeconds()).exec();
    } catch (NotModifiedException _) {
      // It has ended.
    }
  }

  void pause() {
    engine().pauseContainerCmd(id()).exec();
  }

  void unpause() {
    engine().unpauseContainerCmd(id()).exec();
  }

  boolean running() {
    return container.isRunning();
  }

  String log() {
    return container.getContainerId() == null ? "" : container.getLogs();
  }

  /** Removes it. */
  @Override
  public void close() {
    container.stop();
  }

  private String id() {
    return container.getContainerId();
  }

  private static DockerClient engine() {
    return DockerClientFactory.instance().client();
  }
}
