package dev.caisson.contract;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/** A process of the guide's Node.js example, and what it says of each record. */
final class Member implements AutoCloseable {

  /** {@code new ID TYPE SUBJECT SEQUENCE} or {@code repeat …}. */
  record Delivery(boolean isNew, String id, String subject, String sequence) {
    static Delivery parse(String line) {
      String[] words = line.split(" ", -1);
      return new Delivery(words[0].equals("new"), words[1], words[3], words[4]);
    }
  }

  private static final long LEAVE_SECONDS = 20;

  private final Process process;
  private final CompletableFuture<Void> said;
  private final Queue<Delivery> deliveries = new ConcurrentLinkedQueue<>();

  private Member(Process process) {
    this.process = process;
    said = CompletableFuture.runAsync(this::read, reader -> Thread.ofPlatform().start(reader));
  }

  static Member start(Path program, Path packages, List<String> arguments, Path errors)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder("node", program.toString());
    builder.command().addAll(arguments);
    builder.environment().put("NODE_PATH", packages.toString());
    builder.environment().put("PROTO", PublicApi.PROTO.toAbsolutePath().normalize().toString());
    builder.redirectError(ProcessBuilder.Redirect.appendTo(errors.toFile()));
    return new Member(builder.start());
  }

  List<Delivery> deliveries() {
    return List.copyOf(deliveries);
  }

  long processed() {
    return deliveries.stream().filter(Delivery::isNew).count();
  }

  /** SIGKILL; what it had written is read. */
  void kill() {
    // By its handle: the process's own method closes the pipe before it is read.
    process.toHandle().destroyForcibly();
    said.join();
  }

  /** SIGTERM: it leaves the group. */
  @Override
  public void close() {
    process.toHandle().destroy();
    process.onExit().completeOnTimeout(process, LEAVE_SECONDS, TimeUnit.SECONDS).join();
    kill();
  }

  private void read() {
    try (BufferedReader lines = process.inputReader(UTF_8)) {
      lines.lines().map(Delivery::parse).forEach(deliveries::add);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
