package dev.caisson.auditor.trail;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcConnectionPool;

/**
 * Where the trail is kept: a file of H2's, with the newest schema. Thread-safe; who opens it closes
 * it.
 */
public final class TrailDatabase implements AutoCloseable {

  /** One for the consumer, the rest for queries, which wait for each other beyond it. */
  static final int MAX_CONNECTIONS = 8;

  private static final List<String> MIGRATIONS = List.of("V1.sql");

  private final JdbcConnectionPool pool;

  private TrailDatabase(JdbcConnectionPool pool) {
    this.pool = pool;
  }

  /** Opens the database below a directory, and makes it when it is not there. */
  public static TrailDatabase open(Path directory) throws SQLException {
    return open("jdbc:h2:file:" + directory.resolve("trail").toAbsolutePath());
  }

  static TrailDatabase open(String url) throws SQLException {
    JdbcConnectionPool pool = JdbcConnectionPool.create(url, "caisson", "");
    pool.setMaxConnections(MAX_CONNECTIONS);
    TrailDatabase database = new TrailDatabase(pool);
    database.migrate();
    return database;
  }

  DataSource connections() {
    return pool;
  }

  @Override
  public void close() {
    pool.dispose();
  }

  private void migrate() throws SQLException {
    try (Connection connection = pool.getConnection()) {
      connection.setAutoCommit(false);
      for (int version = version(connection); version < MIGRATIONS.size(); version++) {
        apply(connection, MIGRATIONS.get(version), version + 1);
      }
    }
  }

  private static int version(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE IF NOT EXISTS trail_schema (version INTEGER NOT NULL)");
      try (ResultSet row = statement.executeQuery("SELECT MAX(version) FROM trail_schema")) {
        row.next();
        return row.getInt(1);
      }
    }
  }

  private static void apply(Connection connection, String migration, int version)
      throws SQLException {
    try (Statement statement = connection.createStatement()) {
      // Statements end with a semicolon at the end of a line.
      for (String sql : resource(migration).split(";\n", -1)) {
        statement.execute(sql);
      }
      statement.execute("INSERT INTO trail_schema (version) VALUES (" + version + ")");
      connection.commit();
    }
  }

  private static String resource(String name) {
    try (InputStream in = TrailDatabase.class.getResourceAsStream("/trail/" + name)) {
      if (in == null) {
        throw new AssertionError("The jar lacks trail/" + name);
      }
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to read trail/" + name, e);
    }
  }
}
