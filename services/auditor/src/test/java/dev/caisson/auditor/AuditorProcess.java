package dev.caisson.auditor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.audit.v1.AuditGrpc;
import dev.caisson.rpc.Channels;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An auditor in a JVM of its own, that can be killed. Who starts it closes it. */
final class AuditorProcess implements AutoCloseable {

  private static final long CALL_SECONDS = 10;

  private final Process process;
  private final ManagedChannel channel;
  private final URI metrics;

  private AuditorProcess(Process process, ManagedChannel channel, URI metrics) {
    this.process = process;
    this.channel = channel;
    this.metrics = metrics;
  }

  /**
   * Starts one.
   *
   * @param name among those that share the work
   * @param directory for all that it keeps
   */
  static AuditorProcess start(String name, Path directory, String kafka) throws IOException {
    Files.createDirectories(directory);
    Path socket = directory.resolve("audit.sock");
    int port = freePort();
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m"));
    command.add("--illegal-native-access=deny");
    command.add("-Dmicronaut.server.port=" + port);
    command.add("-Dcaisson.auditor.data=" + directory);
    command.add("-Dcaisson.auditor.node-keys=" + directory.resolve("nodes"));
    command.add("-Dcaisson.auditor.socket=" + socket);
    command.add("-Dcaisson.auditor.allowed-users=" + TestUser.number());
    command.add("-Dcaisson.kafka.bootstrap-servers=" + kafka);
    command.add("-Dcaisson.kafka.replication=1");
    command.add("-Dcaisson.auditor.instance=" + name);
    command.add("-Dcaisson.cpu.standby-replicas=1");
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(Auditor.class.getName());
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("log").toFile())
            .start();
    return new AuditorProcess(
        process, Channels.unix(socket), URI.create("http://127.0.0.1:" + port + "/prometheus"));
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /**
   * Of how many partitions it has the accounts.
   *
   * @param kind active: it charges their samples; standby: it has a copy
   */
  int partitions(String kind) throws IOException, InterruptedException {
    String line = "^caisson_cpu_partitions\\{kind=\"" + kind + "\"} (\\d+)\\.0$";
    try (HttpClient client = HttpClient.newHttpClient()) {
      String all =
          client.send(HttpRequest.newBuilder(metrics).build(), BodyHandlers.ofString()).body();
      Matcher found = Pattern.compile(line, Pattern.MULTILINE).matcher(all);
      assertThat(found.find()).as(all).isTrue();
      return Integer.parseInt(found.group(1));
    }
  }

  AuditGrpc.AuditBlockingStub client() {
    return AuditGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  /** Ends it at once: nothing of it says so to anybody. */
  void kill() {
    process.destroyForcibly().onExit().join();
  }

  @Override
  public void close() {
    channel.shutdownNow();
    kill();
  }
}
