package dev.caisson.executor.sandbox;

import dev.caisson.executor.init.LaunchedInit;
import dev.caisson.executor.init.Progress;
import dev.caisson.executor.init.RunRequest;
import dev.caisson.executor.plan.Plan;
import dev.caisson.executor.plan.Program;
import dev.caisson.linux.Fd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Processes that only stand in a user namespace for a moment, since much about one is told of a
 * process in it alone. The executor itself can enter none.
 */
final class Bystanders {
  private final Host host;
  private final Holders holders;

  Bystanders(Host host, Holders holders) {
    this.host = host;
    this.holders = holders;
  }

  /**
   * What is seen of one that stands at the barrier of its program; it ends afterwards.
   *
   * @param donated stay the caller's
   * @throws LaunchedInit.ProgramFailed if it does not come that far
   */
  <T> T at(Plan plan, List<Fd> donated, Function<Fd, T> seen) {
    RunRequest request =
        new RunRequest(
            0,
            ByteBuffer.wrap(Program.encode(plan, host.settings().machine())),
            plan.cloneFlags(),
            Optional.empty(),
            Optional.empty(),
            donated);
    Path socket = host.settings().runDirectory().resolve("maps-" + host.uids().get() + ".sock");
    LaunchedInit launched = host.launcher().launch(socket, request, true, end -> {});
    try {
      Progress progress = launched.process().program().await(host.settings().stepTimeout());
      if (!(progress instanceof Progress.AtBarrier)) {
        throw new LaunchedInit.ProgramFailed(progress);
      }
      return seen.apply(launched.process().pidfd());
    } finally {
      holders.kill(launched);
      remove(socket);
    }
  }

  private static void remove(Path socket) {
    try {
      Files.deleteIfExists(socket);
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to remove a bystander's socket", e);
    }
  }
}
