package dev.caisson.auditor.trail;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.backing.Postgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How PostgreSQL finds what is searched for, in a week with so many records. */
class TrailPlansIT {

  private static final int RECORDS = 50_000;
  private static final int WEEK = 2_917;

  @TempDir static Path directory;

  private static Postgres postgres;
  private static TrailDatabase database;

  @BeforeAll
  static void fill() throws Exception {
    postgres = Postgres.at(directory.resolve("postgres")).start();
    database = TrailDatabase.open(FakeTrail.settings(postgres.newDatabase(), Postgres.USER));
    database.weeks().prepare(WEEK);
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      statement.execute(
          """
          INSERT INTO trail SELECT 'n' || i %% 3, 1, i, i, i * 1000, 'type.' || i %% 30, 'OUTCOME',
              CASE WHEN i %% 500 = 0 THEN 'FAILED' ELSE 'SUCCEEDED' END, 't' || i %% 100, 's' || i / 20,
              'us' || i / 20, 'c' || i / 10, 'uc' || i / 10, 'uid:' || i %% 1000, '\\x00', '\\x00', %d
          FROM generate_series(1, %d) i
          """
              .formatted(WEEK, RECORDS));
      statement.execute("ANALYZE trail");
    }
  }

  @AfterAll
  static void stop() throws Exception {
    database.close();
    postgres.close();
  }

  @ParameterizedTest
  @CsvSource({
    "s77,'','','','',sandbox_id_time_nanos,sandbox_uid_node",
    "'',c77,'','','',container_id_time_nanos,container_uid_time_nanos",
    "'','',uid:7,'','',principal_time_nanos,principal_time_nanos",
    "'','','',type.7,'',type_time_nanos,time_nanos",
    "'','','','',SUCCEEDED,time_nanos_node,time_nanos_node",
    "'','','','',FAILED,outcome_time_nanos,outcome_time_nanos",
    "'','','','','',time_nanos_node,time_nanos_node",
  })
  void walksAnIndex(
      String sandbox,
      String container,
      String principal,
      String type,
      String outcome,
      String index,
      String another)
      throws Exception {
    TrailQuery query =
        new TrailQuery("", "", sandbox, container, principal, type, none(), none(), outcome, 100);
    TrailQuery.Conditions conditions = query.conditions();
    String plan = plan(TrailSearch.sql(query, conditions), conditions.values());
    assertThat(plan).doesNotContain("Seq Scan on trail_week_" + WEEK).contains(index, another);
  }

  @Test
  void findsWhatIsATenantsByItsIndex() throws Exception {
    TrailQuery query = new TrailQuery("t7", "", "", "", "", "", none(), none(), "", 100);
    TrailQuery.Conditions conditions = query.conditions();
    assertThat(plan(TrailSearch.sql(query, conditions), conditions.values()))
        .doesNotContain("Seq Scan on trail_week_" + WEEK)
        .contains("trail_week_" + WEEK + "_tenant_time_nanos", "Index Cond: ((tenant)::text = ");
  }

  @Test
  void findsTimesByTheirIndex() throws Exception {
    TrailQuery query =
        new TrailQuery(
            "",
            "",
            "",
            "",
            "",
            "",
            OptionalLong.of(9_000_000),
            OptionalLong.of(9_900_000),
            "",
            100);
    TrailQuery.Conditions conditions = query.conditions();
    assertThat(plan(TrailSearch.sql(query, conditions), conditions.values()))
        .doesNotContain("Seq Scan on trail_week_" + WEEK)
        .contains("Index Cond: ((time_nanos >= ");
  }

  @Test
  void findsNumbersByTheirIndexInEveryWeek() throws Exception {
    String plan =
        plan(
            "SELECT event FROM trail WHERE node = ? AND epoch = ? AND seq = ANY('{7,8,9}')",
            List.of("n1", 1L));
    assertThat(plan).doesNotContain("Seq Scan on trail_week_" + WEEK).contains("_pkey");
  }

  @Test
  void followsANodeAndASandboxByTheirIndexes() throws Exception {
    String end = " AND epoch = ? AND seq > ? ORDER BY seq FETCH FIRST 500 ROWS ONLY";
    String ofNode = "SELECT event FROM trail WHERE node = ?" + end;
    assertThat(plan(ofNode, List.of("n1", 1L, 7L)))
        .doesNotContain("Seq Scan on trail_week_" + WEEK)
        .contains("_pkey");
    String ofSandbox = "SELECT event FROM trail WHERE node = ? AND sandbox_uid = ?" + end;
    assertThat(plan(ofSandbox, List.of("n1", "us77", 1L, 0L)))
        .doesNotContain("Seq Scan on trail_week_" + WEEK)
        .contains("sandbox_uid");
  }

  private static OptionalLong none() {
    return OptionalLong.empty();
  }

  private static String plan(String sql, List<?> values) throws Exception {
    try (Connection connection = database.connect();
        PreparedStatement explain = connection.prepareStatement("EXPLAIN " + sql)) {
      for (int i = 0; i < values.size(); i++) {
        explain.setObject(i + 1, values.get(i));
      }
      try (ResultSet row = explain.executeQuery()) {
        java.util.List<String> lines = new java.util.ArrayList<>();
        while (row.next()) {
          lines.add(row.getString(1));
        }
        return lines.stream().collect(Collectors.joining("\n"));
      }
    }
  }
}
