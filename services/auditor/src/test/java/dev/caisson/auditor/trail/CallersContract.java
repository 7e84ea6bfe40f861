package dev.caisson.auditor.trail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How little callers can take from the auditor, whatever they search for. */
@Timeout(120)
abstract class CallersContract {

  private static final int CONNECTIONS = 8;
  private static final int TURNS = 5;
  private static final int SEARCHES = 9;

  private static final TrailQuery ANY =
      new TrailQuery("", "", "", "", "", "", OptionalLong.empty(), OptionalLong.empty(), "", 100);

  private final FakeJournal journal = new FakeJournal("n1").started().life("web", "nginx");
  private TrailDatabase database;
  private FakeTrail trail;

  /** A database of the test's own. */
  abstract TrailDatabase open(int connections) throws Exception;

  /** So many rows, in SQL, that nobody lives to see their end; with a column x. */
  abstract String endless();

  @BeforeEach
  void fill() throws Exception {
    database = open(CONNECTIONS);
    trail = new FakeTrail(database);
    trail.store(journal.records());
  }

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void stopsASearchThatNobodyWaitsForAndLeavesTheConnectionUsable() throws Exception {
    neverFind();
    AtomicInteger asked = new AtomicInteger();
    TrailSearch search = new TrailSearch(database);
    for (int i = 0; i < CONNECTIONS; i++) {
      asked.set(0);
      assertThatThrownBy(() -> search.search(ANY, "", () -> asked.incrementAndGet() > 1))
          .isInstanceOf(CancellationException.class);
    }
    findAgain();
    journal.denied("web");
    trail.store(journal.records());
    assertThat(search.search(ANY, "").found()).hasSize(journal.records().size());
  }

  @Test
  void stopsASearchThatTakesTooLong() throws Exception {
    neverFind();
    TrailSearch search = new TrailSearch(database, Duration.ofMillis(1));
    assertThatThrownBy(() -> search.search(ANY, "")).isInstanceOf(SearchTooLongException.class);
  }

  @Test
  void leavesTheWriterAndUpkeepTheirConnectionsAndRefusesTheRest() throws Exception {
    neverFind();
    AtomicBoolean gone = new AtomicBoolean();
    TrailSearch search = new TrailSearch(database);
    List<Future<?>> searches = new ArrayList<>();
    try (ExecutorService callers = Executors.newFixedThreadPool(SEARCHES)) {
      for (int i = 0; i < SEARCHES; i++) {
        searches.add(callers.submit(() -> search.search(ANY, "", gone::get)));
      }
      try {
        await().until(() -> searches.stream().filter(Future::isDone).count() == SEARCHES - TURNS);
        assertThatOthersAreServed();
      } finally {
        gone.set(true);
      }
    }
    assertThat(searches.stream().map(CallersContract::failure))
        .hasSize(SEARCHES)
        .areExactly(SEARCHES - TURNS, new OfType(TrailBusyException.class))
        .areExactly(TURNS, new OfType(CancellationException.class));
  }

  private void assertThatOthersAreServed() throws Exception {
    try (Connection one = database.connect();
        Connection another = database.connect();
        Connection third = database.connect()) {
      assertThat(List.of(one, another, third)).allMatch(CallersContract::works);
    }
    assertThatThrownBy(() -> verifier().verify("n1", () -> false))
        .isInstanceOf(TrailBusyException.class);
    assertThatThrownBy(() -> verifier().verifyAll(() -> false))
        .isInstanceOf(TrailBusyException.class);
  }

  @Test
  void verifiesForItselfWithoutATurn() throws Exception {
    List<Turns.Turn> taken = new ArrayList<>();
    for (int i = 0; i < TURNS; i++) {
      taken.add(database.turns().take());
    }
    assertThat(verifier().verifyOwn("n1", () -> false)).isPresent();
    assertThatThrownBy(() -> database.turns().take()).isInstanceOf(TrailBusyException.class);
    taken.forEach(Turns.Turn::close);
    assertThat(verifier().verify("n1")).isPresent();
  }

  private static boolean works(Connection connection) {
    try (Statement statement = connection.createStatement();
        var row = statement.executeQuery("SELECT COUNT(*) FROM trail_node")) {
      return row.next();
    } catch (java.sql.SQLException e) {
      throw new AssertionError(e);
    }
  }

  private static Throwable failure(Future<?> search) {
    return catchThrowableOfType(ExecutionException.class, search::get).getCause();
  }

  private TrailVerifier verifier() {
    return new TrailVerifier(
        database, last -> last, FakeEnrolment.NONE, Duration.ZERO, Clock.systemUTC());
  }

  private void neverFind() throws Exception {
    execute("ALTER TABLE trail RENAME TO kept");
    execute(
        "CREATE VIEW trail AS SELECT kept.* FROM kept, %s numbers WHERE MOD(numbers.x, 2) = 2"
            .formatted(endless()));
  }

  private void findAgain() throws Exception {
    execute("DROP VIEW trail");
    execute("ALTER TABLE kept RENAME TO trail");
  }

  private void execute(String sql) throws Exception {
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static final class OfType extends org.assertj.core.api.Condition<Throwable> {
    OfType(Class<? extends Throwable> type) {
      super(type::isInstance, type.getSimpleName());
    }
  }
}
