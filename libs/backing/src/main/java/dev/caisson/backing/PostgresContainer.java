package dev.caisson.backing;

import java.util.List;

/**
 * The official image of PostgreSQL, as docker-compose.yml runs it, or what {@code
 * CAISSON_POSTGRES_IMAGE} names instead. It shares the engine's network, and listens on loopback
 * alone.
 */
final class PostgresContainer extends Postgres {

  static final String IMAGE = Engine.setting("CAISSON_POSTGRES_IMAGE", "postgres:17.6");

  private final Container container;

  PostgresContainer(String image) {
    container =
        new Container(image)
            .environment("POSTGRES_USER", USER)
            .environment("POSTGRES_DB", "postgres")
            .environment("POSTGRES_HOST_AUTH_METHOD", "trust");
  }

  @Override
  void begin() {
    container.start(List.of("-c", "listen_addresses=127.0.0.1", "-c", "port=" + port()));
  }

  @Override
  public void stop() {
    container.stop();
  }

  @Override
  public void close() {
    container.close();
  }

  @Override
  boolean running() {
    return container.running();
  }

  @Override
  String log() {
    return container.log();
  }
}
