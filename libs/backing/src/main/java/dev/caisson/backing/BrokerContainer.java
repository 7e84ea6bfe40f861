package dev.caisson.backing;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Our own image of the broker, as docker-compose.yml runs it. It shares the engine's network, so
 * that it has the same address whenever it is started again; it listens on loopback alone.
 */
final class BrokerContainer implements Broker {

  /** What `caisson images` makes. */
  static final String IMAGE = Engine.setting("CAISSON_TEST_BROKER_IMAGE", "caisson/broker:0.1.0");

  private static final Duration START_TIMEOUT = Duration.ofSeconds(60);

  private final BrokerPlace place;
  private final Container container;

  BrokerContainer(Path data, String image) {
    place = new BrokerPlace(data);
    container = new Container(image);
    container.environment(BrokerSecurity.LOG_VARIABLE, BrokerSecurity.LOG_LEVEL);
    // As the test's own user, who is to remove what it leaves.
    container.user(place.owner());
    container.sees(place.data(), true);
  }

  @Override
  public Broker with(BrokerSecurity security) {
    place.settings(security.settings(this));
    container.sees(security.directory(), false);
    return this;
  }

  @Override
  public String address() {
    return place.address();
  }

  @Override
  public String controllerAddress() {
    return place.controllerAddress();
  }

  @Override
  public void start() {
    place.unready();
    container.start(place.arguments());
    try {
      Patience.await(
          "The broker's container",
          START_TIMEOUT,
          () -> Files.exists(place.ready()),
          container::running,
          container::log);
    } catch (IllegalStateException e) {
      kill();
      throw e;
    }
  }

  @Override
  public void kill() {
    container.kill();
  }

  @Override
  public void suspend() {
    container.pause();
  }

  @Override
  public void resume() {
    container.unpause();
  }

  @Override
  public String log() {
    return container.log();
  }

  @Override
  public void close() {
    container.close();
  }
}
