package dev.caisson.backing;

import java.nio.file.Path;

/**
 * Our own image of the broker, as docker-compose.yml runs it. It shares the engine's network, so
 * that it has the same address whenever it is started again; it listens on loopback alone.
 */
final class BrokerContainer extends Broker {

  /** What `caisson images` makes. */
  static final String IMAGE = Engine.setting("CAISSON_TEST_BROKER_IMAGE", "caisson/broker:0.1.0");

  private final Container container;

  BrokerContainer(BrokerPlace place, String image) {
    super(place);
    container = new Container(image);
    container.environment(BrokerSecurity.LOG_VARIABLE, BrokerSecurity.LOG_LEVEL);
    // As the test's own user, who is to remove what it leaves.
    container.user(place.owner());
    container.sees(place.data(), true);
  }

  @Override
  void show(Path directory) {
    container.sees(directory, false);
  }

  @Override
  void begin() {
    container.start(place().arguments());
  }

  @Override
  boolean running() {
    return container.running();
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
