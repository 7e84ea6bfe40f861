package dev.caisson.backing;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** PostgreSQL's own binaries, which Maven brings. */
final class PostgresProcess extends Postgres {

  private final Path data;
  private @Nullable EmbeddedPostgres server;

  PostgresProcess(Path data) {
    this.data = data;
  }

  @Override
  void begin() {
    try {
      server =
          EmbeddedPostgres.builder()
              .setPort(port())
              .setDataDirectory(data)
              .setCleanDataDirectory(false)
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to start PostgreSQL", e);
    }
  }

  @Override
  public void stop() {
    EmbeddedPostgres running = server;
    server = null;
    if (running != null) {
      try {
        running.close();
      } catch (IOException e) {
        throw new UncheckedIOException("Failed to stop PostgreSQL", e);
      }
    }
  }

  @Override
  public void close() {
    stop();
  }

  @Override
  boolean running() {
    return server != null;
  }

  // It has gone where the test's own log goes.
  @Override
  String log() {
    return "";
  }
}
