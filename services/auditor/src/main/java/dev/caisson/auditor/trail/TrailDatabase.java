package dev.caisson.auditor.trail;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the trail is kept: PostgreSQL, or a file of H2's, with the newest schema. A PostgreSQL that
 * is away is waited for, at the start too. Thread-safe; who opens it closes it.
 */
public final class TrailDatabase implements AutoCloseable {

  static final String EMBEDDED_USER = "caisson";

  private static final Logger LOG = LoggerFactory.getLogger(TrailDatabase.class);

  /** How long a caller waits for a connection, and a connection for a server. */
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

  /** Longer than any statement of ours, but in migrations; a server that hangs is away. */
  private static final Duration SOCKET_TIMEOUT = Duration.ofSeconds(60);

  private final HikariDataSource pool;
  private final TrailSettings settings;
  private final boolean postgresql;
  private final Rows rows;
  private final Turns turns;
  private boolean migrated;

  private TrailDatabase(HikariDataSource pool, TrailSettings settings) {
    this.pool = pool;
    this.settings = settings;
    this.postgresql = settings.isPostgresql();
    this.turns = Turns.of(settings.connections());
    this.rows = postgresql ? new CopiedRows() : new InsertedRows();
  }

  /** The URL of the embedded database below a directory, which is made when it is not there. */
  static String embedded(Path directory) {
    return "jdbc:h2:file:" + directory.resolve("trail").toAbsolutePath() + ";MODE=PostgreSQL";
  }

  /**
   * Opens the database.
   *
   * @throws SQLException when it can be reached, and still cannot be used
   */
  public static TrailDatabase open(TrailSettings settings) throws SQLException {
    TrailDatabase database =
        new TrailDatabase(new HikariDataSource(pool(settings, SOCKET_TIMEOUT)), settings);
    try {
      database.migrate();
    } catch (SQLException e) {
      if (!Outage.is(e)) {
        database.close();
        throw e;
      }
      LOG.warn("The trail's database is away and is waited for: {}", e.getMessage());
    }
    return database;
  }

  private static HikariConfig pool(TrailSettings settings, Duration socketTimeout) {
    HikariConfig pool = new HikariConfig();
    pool.setPoolName("trail");
    pool.setJdbcUrl(settings.url());
    pool.setUsername(settings.user());
    pool.setPassword(settings.password());
    pool.setMaximumPoolSize(settings.connections());
    pool.setMinimumIdle(1);
    pool.setConnectionTimeout(CONNECT_TIMEOUT.toMillis());
    // The pool starts without a server.
    pool.setInitializationFailTimeout(-1);
    if (settings.isPostgresql()) {
      pool.addDataSourceProperty("ApplicationName", "caisson-auditor");
      pool.addDataSourceProperty("connectTimeout", CONNECT_TIMEOUT.toSeconds());
      pool.addDataSourceProperty("socketTimeout", socketTimeout.toSeconds());
      pool.addDataSourceProperty("tcpKeepAlive", "true");
    } else {
      // A statement that it keeps to use it again is still cancelled when it was cancelled at its
      // end.
      pool.addDataSourceProperty("QUERY_CACHE_SIZE", "0");
    }
    return pool;
  }

  /** A connection to a database with the newest schema; who takes it closes it. */
  Connection connect() throws SQLException {
    migrate();
    return pooled();
  }

  // A pool says of everything that it got no connection in time; the driver knows why.
  private Connection pooled() throws SQLException {
    try {
      return pool.getConnection();
    } catch (SQLTransientConnectionException e) {
      throw e.getCause() instanceof SQLException cause ? cause : e;
    }
  }

  /** The weeks that it holds. */
  Weeks weeks() {
    return postgresql ? new PartitionedWeeks(this) : new DeletedWeeks(this);
  }

  /** Of those who read on behalf of callers. */
  Turns turns() {
    return turns;
  }

  /** Cancels what a connection runs; nothing, where it runs nothing. From any thread. */
  void cancel(Connection connection, Statement statement) throws SQLException {
    if (postgresql) {
      // The driver's statements do not cancel the reading of further rows.
      connection.unwrap(PGConnection.class).cancelQuery();
    } else {
      statement.cancel();
    }
  }

  /** How records get into it. */
  Rows rows() {
    return rows;
  }

  /**
   * Asks the database whether it is there.
   *
   * @throws SQLException when it is not
   */
  public void ping() throws SQLException {
    try (Connection connection = connect()) {
      if (!connection.isValid((int) CONNECT_TIMEOUT.toSeconds())) {
        throw new SQLException("The database does not answer", Outage.STATE);
      }
    }
  }

  DataSource pool() {
    return pool;
  }

  @Override
  public void close() {
    pool.close();
  }

  // Several that start at once wait for each other: Flyway takes a lock of the database's.
  private synchronized void migrate() throws SQLException {
    if (migrated) {
      return;
    }
    // An index of a year's records takes longer than the pool waits for a server.
    try (Connection connection = pooled();
        HikariDataSource patient = new HikariDataSource(pool(settings, Duration.ZERO))) {
      flyway(patient, hasFirstSchema(connection)).migrate();
      migrated = true;
    } catch (FlywayException e) {
      throw Outage.cause(e)
          .orElseGet(() -> new SQLException("Failed to migrate the trail: " + e.getMessage(), e));
    }
  }

  // Before there was Flyway here, the only schema was that of its version 1.
  private boolean hasFirstSchema(Connection connection) throws SQLException {
    if (postgresql) {
      return false;
    }
    try (var tables = connection.getMetaData().getTables(null, null, "TRAIL_SCHEMA", null)) {
      return tables.next();
    }
  }

  private Flyway flyway(DataSource source, boolean baseline) {
    FluentConfiguration configuration =
        Flyway.configure()
            .dataSource(source)
            .locations("classpath:trail/" + (postgresql ? "postgresql" : "h2"))
            .table("trail_migration")
            .baselineOnMigrate(baseline)
            .baselineVersion("1");
    return configuration.load();
  }
}
