package dev.caisson.backing;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A real PostgreSQL on a free port of loopback, with as many databases as tests want, which keeps
 * them when it is stopped and started again. Trusts everybody. Not thread-safe; the test that makes
 * one closes it.
 */
public abstract class Postgres implements AutoCloseable {

  /** Who may do everything. */
  public static final String USER = "postgres";

  private static final Duration START_TIMEOUT = Duration.ofSeconds(60);
  private static final int SECONDS_OF_AN_ATTEMPT = 5;

  private final AtomicInteger names = new AtomicInteger();
  private final int port = Ports.free(1).getFirst();

  Postgres() {}

  /**
   * A PostgreSQL that is not running yet.
   *
   * @param data a directory for it alone; the caller removes it
   */
  public static Postgres at(Path data) {
    return Engine.having(PostgresContainer.IMAGE)
        .<Postgres>map(PostgresContainer::new)
        .orElseGet(() -> new PostgresProcess(data));
  }

  /** The URL of the database that it always has. */
  public final String url() {
    return url("postgres");
  }

  /** The URL of a new database. */
  public final String newDatabase() throws SQLException {
    String name = "trail" + names.incrementAndGet();
    try (Connection connection = DriverManager.getConnection(url(), USER, "");
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE " + name + " STRATEGY file_copy");
    }
    return url(name);
  }

  /** Returns when clients can connect. */
  public final Postgres start() {
    begin();
    Patience.await("PostgreSQL", START_TIMEOUT, this::answers, this::running, this::log);
    return this;
  }

  /** Ends it, and all connections with it. */
  public abstract void stop();

  @Override
  public abstract void close();

  abstract void begin();

  abstract boolean running();

  abstract String log();

  final int port() {
    return port;
  }

  private String url(String database) {
    return "jdbc:postgresql://127.0.0.1:" + port + "/" + database;
  }

  private boolean answers() {
    DriverManager.setLoginTimeout(SECONDS_OF_AN_ATTEMPT);
    try (Connection _ = DriverManager.getConnection(url(), USER, "")) {
      return true;
    } catch (SQLException _) {
      return false;
    }
  }
}
