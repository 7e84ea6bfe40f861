package dev.caisson.record;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The way of a record: a journal, the gateway, a broker, and auditors on one PostgreSQL. */
final class RecordPath implements AutoCloseable {

  static final String NODE = "n1";

  /** As what stands on every node has it. */
  private static final String ONE_COMPILER = "-XX:TieredStopAtLevel=1";

  /** The process that all others of it are children of. */
  private static final String SERVER =
      "SELECT CAST(split_part(pg_read_file('postmaster.pid'), chr(10), 1) AS BIGINT)";

  private final Path directory;
  private final EmbeddedPostgres postgres;
  private final List<ServiceJvm> services = new ArrayList<>();
  private final ServiceJvm journal;

  /**
   * Starts all but the journal.
   *
   * @param events that the journal is to have
   * @param seconds in which they come; 0: as fast as it takes them
   */
  RecordPath(Path directory, int auditors, long events, long seconds) throws IOException {
    this.directory = directory;
    this.postgres = EmbeddedPostgres.start();
    Files.createDirectories(directory.resolve("nodes"));
    int kafka = freePort();
    services.add(broker(kafka));
    services.add(gateway(kafka));
    for (int i = 0; i < auditors; i++) {
      services.add(auditor(i, kafka));
    }
    for (ServiceJvm service : services) {
      service.start();
    }
    this.journal =
        ServiceJvm.ofTest(
            directory,
            JournalProcess.class.getName(),
            List.of(
                ONE_COMPILER,
                data("executor"),
                socket("journal"),
                NODE,
                "" + events,
                "" + seconds));
  }

  /** Those that may be killed. */
  List<ServiceJvm> services() {
    return services;
  }

  ServiceJvm journal() {
    return journal;
  }

  Connection connect() throws SQLException {
    return postgres.getPostgresDatabase().getConnection();
  }

  long number(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getLong(1);
    }
  }

  /** CPU time of each process so far, by its name, in the order in which records pass them. */
  Map<String, Duration> cpu() throws SQLException {
    Map<String, Duration> cpu = new LinkedHashMap<>();
    cpu.put(journal.name(), journal.cpu());
    services.forEach(service -> cpu.put(service.name(), service.cpu()));
    cpu.put("postgresql", postgresCpu());
    return cpu;
  }

  private Duration postgresCpu() throws SQLException {
    ProcessHandle server = ProcessHandle.of(number(SERVER)).orElseThrow();
    return Stream.concat(Stream.of(server), server.children())
        .map(process -> process.info().totalCpuDuration().orElse(Duration.ZERO))
        .reduce(Duration.ZERO, Duration::plus);
  }

  Path nodes() {
    return directory.resolve("nodes");
  }

  /** The public half of the journal's key, once it has one. */
  Path key() {
    return directory.resolve("executor").resolve("node-key.pub.pem");
  }

  /** How many events were written, once all are. */
  Path done() {
    return directory.resolve("executor").resolve("done");
  }

  String socket(String name) {
    return directory.resolve(name + ".sock").toString();
  }

  private ServiceJvm broker(int port) throws IOException {
    return ServiceJvm.of(
        "broker",
        "broker",
        directory,
        "dev.caisson.broker.Broker",
        List.of(
            "--data", data("broker"),
            "--port", "" + port,
            "--controller-port", "" + freePort()));
  }

  private ServiceJvm gateway(int kafka) throws IOException {
    return ServiceJvm.of(
        "gateway",
        "gateway",
        directory,
        "dev.caisson.gateway.Gateway",
        List.of(
            ONE_COMPILER,
            "-Dcaisson.gateway.socket=" + socket("gateway"),
            "-Dcaisson.gateway.executor-socket=" + socket("executor"),
            "-Dcaisson.gateway.journal-socket=" + socket("journal"),
            "-Dcaisson.gateway.management-port=" + freePort(),
            "-Dcaisson.kafka.bootstrap-servers=127.0.0.1:" + kafka));
  }

  private ServiceJvm auditor(int number, int kafka) throws IOException {
    String name = "auditor-" + number;
    return ServiceJvm.of(
        "auditor",
        name,
        directory,
        "dev.caisson.auditor.Auditor",
        List.of(
            "-Dmicronaut.server.port=" + freePort(),
            "-Dcaisson.auditor.data=" + data(name),
            "-Dcaisson.auditor.node-keys=" + directory.resolve("nodes"),
            "-Dcaisson.auditor.socket=" + socket(name),
            "-Dcaisson.auditor.allowed-users="
                + Files.getAttribute(Path.of("/proc/self"), "unix:uid"),
            "-Dcaisson.auditor.instance=" + name,
            "-Dcaisson.auditor.trail.url="
                + postgres.getJdbcUrl("postgres", "postgres").replaceAll("\\?.*", ""),
            "-Dcaisson.auditor.trail.user=postgres",
            "-Dcaisson.kafka.bootstrap-servers=127.0.0.1:" + kafka));
  }

  private String data(String name) throws IOException {
    return Files.createDirectories(directory.resolve(name)).toString();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Override
  public void close() throws IOException {
    services.forEach(ServiceJvm::close);
    journal.close();
    postgres.close();
  }
}
