package dev.caisson.auditor.trail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.caisson.auditor.cpu.CpuHistory;
import dev.caisson.auditor.cpu.CpuTable;
import dev.caisson.auditor.rpc.AuditServer;
import dev.caisson.proto.audit.v1.AuditGrpc;
import dev.caisson.proto.audit.v1.SearchTrailRequest;
import dev.caisson.rpc.Channels;
import dev.caisson.rpc.RpcErrors;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who may ask. */
@Timeout(60)
class ServedTrailTest {
  private static final String NOBODY = "4294967294";

  @TempDir Path directory;

  @Test
  void answersThoseWhoAreNamed() throws Exception {
    try (TrailDatabase database = FakeTrail.onH2();
        AuditServer _ = serve(database, List.of(NOBODY, me()))) {
      assertThat(Files.getPosixFilePermissions(directory.resolve("s")))
          .isEqualTo(PosixFilePermissions.fromString("rw-rw----"));
      search();
    }
  }

  @Test
  void refusesEverybodyElse() throws Exception {
    try (TrailDatabase database = FakeTrail.onH2();
        AuditServer _ = serve(database, List.of(NOBODY))) {
      StatusRuntimeException refusal =
          catchThrowableOfType(StatusRuntimeException.class, this::search);
      assertThat(RpcErrors.info(refusal).orElseThrow().getReason()).isEqualTo("PEER_REFUSED");
    }
  }

  @Test
  void saysWhenToComeBackWhereAllTurnsAreTaken() throws Exception {
    try (TrailDatabase database = FakeTrail.onH2();
        AuditServer _ = serve(database, List.of(me()));
        Turns.Turn _ = database.turns().take()) {
      StatusRuntimeException refusal =
          catchThrowableOfType(StatusRuntimeException.class, this::search);
      assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(RpcErrors.info(refusal).orElseThrow().getReason()).isEqualTo("TRAIL_BUSY");
      assertThat(RpcErrors.retryAfter(refusal))
          .contains(RpcErrors.retryAfter(Duration.ofSeconds(1)));
    }
  }

  @Test
  void saysThatASearchTookTooLong() throws Exception {
    try (TrailDatabase database = FakeTrail.onH2();
        AuditServer _ = serve(database, new TrailSearch(database, Duration.ZERO), List.of(me()))) {
      StatusRuntimeException refusal =
          catchThrowableOfType(StatusRuntimeException.class, this::search);
      assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
      assertThat(RpcErrors.info(refusal).orElseThrow().getReason()).isEqualTo("SEARCH_TOO_LONG");
    }
  }

  @Test
  void stopsASearchWhoseCallHasEnded() throws Exception {
    try (TrailDatabase database = FakeTrail.onH2();
        FakeTrail trail = new FakeTrail(database);
        AuditServer _ = serve(database, List.of(me()))) {
      trail.store(new FakeJournal("n1").started().records());
      neverFind(database);
      ManagedChannel channel = Channels.unix(directory.resolve("s"));
      try {
        var call =
            AuditGrpc.newFutureStub(channel).searchTrail(SearchTrailRequest.getDefaultInstance());
        await().until(() -> database.turns().areTaken());
        assertThat(call.cancel(true)).isTrue();
        await().until(() -> !database.turns().areTaken());
      } finally {
        channel.shutdownNow();
        findAgain(database);
      }
    }
  }

  private static void neverFind(TrailDatabase database) throws Exception {
    execute(database, "ALTER TABLE trail RENAME TO kept");
    execute(
        database,
        "CREATE VIEW trail AS SELECT kept.* FROM kept, SYSTEM_RANGE(1, 1000000000000) numbers"
            + " WHERE MOD(numbers.x, 2) = 2");
  }

  private static void findAgain(TrailDatabase database) throws Exception {
    execute(database, "DROP VIEW trail");
    execute(database, "ALTER TABLE kept RENAME TO trail");
  }

  private static void execute(TrailDatabase database, String sql) throws Exception {
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static String me() throws Exception {
    return String.valueOf(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
  }

  private AuditServer serve(TrailDatabase database, List<String> users) throws Exception {
    return serve(database, new TrailSearch(database), users);
  }

  private AuditServer serve(TrailDatabase database, TrailSearch search, List<String> users)
      throws Exception {
    TrailVerifier verifier =
        new TrailVerifier(
            database, last -> last, FakeEnrolment.NONE, Duration.ZERO, Clock.systemUTC());
    return AuditServer.start(
        directory.resolve("s"),
        "rw-rw----",
        users,
        search,
        verifier,
        new CpuTable(),
        new CpuHistory(Duration.ofMinutes(1), Clock.systemUTC()),
        new SimpleMeterRegistry());
  }

  private void search() {
    ManagedChannel channel = Channels.unix(directory.resolve("s"));
    try {
      var _ =
          Channels.withDeadline(AuditGrpc.newBlockingStub(channel))
              .searchTrail(SearchTrailRequest.getDefaultInstance());
    } finally {
      channel.shutdownNow();
    }
  }
}
