package dev.caisson.auditor.trail;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;

/** A real PostgreSQL on a free port of loopback, with as many databases as tests want. */
final class Postgres implements AutoCloseable {

  static final String USER = "postgres";

  private static final AtomicInteger NAMES = new AtomicInteger();

  private final EmbeddedPostgres server;

  Postgres() throws IOException {
    server = EmbeddedPostgres.start();
  }

  /** The URL of a new database. */
  String newDatabase() throws SQLException {
    String name = "trail" + NAMES.incrementAndGet();
    try (Connection connection = server.getPostgresDatabase().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE " + name + " STRATEGY file_copy");
    }
    return server.getJdbcUrl(USER, name).replaceAll("\\?.*", "");
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
