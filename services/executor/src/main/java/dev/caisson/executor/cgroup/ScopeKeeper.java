package dev.caisson.executor.cgroup;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.util.Map;
import java.util.function.IntSupplier;

/**
 * Starts a process that does nothing but be in a scope: systemd removes one that is empty. It is
 * nobody's child, and outlives the executor.
 */
final class ScopeKeeper implements IntSupplier {
  /** Its own cgroup in the scope. */
  static final String NAME = "keeper";

  private static final String PROGRAM =
      "trap '' HUP; sleep infinity < /dev/null > /dev/null 2>&1 & echo $!";

  private static final Map<String, String> ENVIRONMENT = Map.of("PATH", "/usr/bin:/bin");

  /** Its pid. */
  @Override
  public int getAsInt() {
    try {
      return start();
    } catch (IOException e) {
      throw failed(e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed("interrupted");
    }
  }

  private static int start() throws IOException, InterruptedException {
    ProcessBuilder shell =
        new ProcessBuilder("/bin/sh", "-c", PROGRAM)
            .directory(new File("/"))
            .redirectInput(new File("/dev/null"))
            .redirectError(ProcessBuilder.Redirect.DISCARD);
    shell.environment().clear();
    shell.environment().putAll(ENVIRONMENT);
    Process process = shell.start();
    try (BufferedReader output = process.inputReader()) {
      String pid = output.readLine();
      if (process.waitFor() != 0 || pid == null) {
        throw failed("/bin/sh ended with " + process.exitValue());
      }
      return Integer.parseInt(pid);
    }
  }

  private static CgroupException failed(String reason) {
    return new CgroupException(
        CgroupException.Kind.FAILED, "start", "the keeper of a scope", reason);
  }
}
