package dev.caisson.auditor;

import dev.caisson.proto.audit.v1.AuditGrpc;
import dev.caisson.rpc.Channels;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** An auditor in a JVM of its own, that can be killed. Who starts it closes it. */
final class AuditorProcess implements AutoCloseable {

  private static final long CALL_SECONDS = 10;

  private final Process process;
  private final ManagedChannel channel;

  private AuditorProcess(Process process, ManagedChannel channel) {
    this.process = process;
    this.channel = channel;
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
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m"));
    command.add("--illegal-native-access=deny");
    command.add("-Dmicronaut.server.port=-1");
    command.add("-Dcaisson.auditor.data=" + directory);
    command.add("-Dcaisson.auditor.node-keys=" + directory.resolve("nodes"));
    command.add("-Dcaisson.auditor.socket=" + socket);
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
    return new AuditorProcess(process, Channels.unix(socket));
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
