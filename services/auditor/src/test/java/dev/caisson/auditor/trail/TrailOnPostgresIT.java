package dev.caisson.auditor.trail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.backing.Postgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collections;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrailOnPostgresIT extends TrailContract {

  private static final int AT_ONCE = 3;

  @TempDir static Path directory;

  private static Postgres postgres;
  private static TrailDatabase database;

  @BeforeAll
  static void start() throws Exception {
    postgres = Postgres.at(directory.resolve("postgres")).start();
    database = TrailDatabase.open(FakeTrail.settings(postgres.newDatabase(), Postgres.USER));
  }

  @AfterAll
  static void stop() throws Exception {
    database.close();
    postgres.close();
  }

  @Test
  void severalThatStartAtOnceMakeItOnce() throws Exception {
    TrailSettings settings = FakeTrail.settings(postgres.newDatabase(), Postgres.USER);
    try (ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE)) {
      Callable<TrailDatabase> opening = () -> TrailDatabase.open(settings);
      for (var opened : threads.invokeAll(Collections.nCopies(AT_ONCE, opening))) {
        try (TrailDatabase one = opened.get()) {
          assertThat(new TrailNodes(one).all()).isEmpty();
          one.weeks().prepare(3_000);
        }
      }
    }
  }

  @Test
  void refusesADatabaseThatSomebodyElseUses() throws Exception {
    TrailSettings settings = FakeTrail.settings(postgres.newDatabase(), Postgres.USER);
    try (Connection connection = DriverManager.getConnection(settings.url(), Postgres.USER, "");
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE theirs (x INTEGER)");
    }
    assertThatThrownBy(() -> TrailDatabase.open(settings))
        .isInstanceOf(SQLException.class)
        .hasMessageContaining("Failed to migrate the trail");
  }

  @Test
  void refusesADatabaseThatIsNotThere() throws Exception {
    String missing = postgres.newDatabase() + "missing";
    assertThatThrownBy(() -> TrailDatabase.open(FakeTrail.settings(missing, Postgres.USER)))
        .isInstanceOf(SQLException.class)
        .hasMessageContaining("does not exist");
  }

  @Override
  TrailDatabase database() {
    return database;
  }

  @Override
  TrailDatabase fresh(int connections) throws Exception {
    return TrailDatabase.open(
        FakeTrail.settings(postgres.newDatabase(), Postgres.USER, connections));
  }

  @Override
  String endless() {
    return "(SELECT generate_series(1, 1000000000000) AS x)";
  }
}
