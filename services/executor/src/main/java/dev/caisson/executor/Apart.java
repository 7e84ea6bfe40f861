package dev.caisson.executor;

import dev.caisson.linux.Restart;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Starts the executor over in the namespaces that it is to be in. Docker and systemd give it no
 * network, the host's cgroup namespace and a procfs with nothing mounted over it; in a pod of
 * Kubernetes there is no way to ask for any of these but together with everything else ({@code
 * privileged}).
 */
final class Apart {
  private static final Path OWN_COMMAND = Path.of("/proc/self/cmdline");

  private Apart() {}

  /**
   * Returns only by an exception.
   *
   * @throws dev.caisson.linux.LinuxException if it may not
   */
  static void begin() throws IOException {
    Restart.apart(
        without(Options.OWN_NAMESPACES, Files.readString(OWN_COMMAND, StandardCharsets.UTF_8)));
  }

  /** A command line as proc_pid_cmdline(5) has it, without an option and its value. */
  static List<String> without(String option, String commandLine) {
    List<String> command =
        new ArrayList<>(List.of(commandLine.replaceFirst("\0$", "").split("\0", -1)));
    for (int at = command.indexOf(option); at >= 0; at = command.indexOf(option)) {
      command.subList(at, Math.min(at + 2, command.size())).clear();
    }
    return command;
  }
}
