package dev.caisson.executor.init;

import dev.caisson.linux.Fd;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * A program for caisson-init to run.
 *
 * @param token names the process until its exit is acknowledged; chosen by the executor, never
 *     reused while known
 * @param program encoded
 * @param cloneFlags of clone3(2): the namespaces that the process gets of its own
 * @param cgroup a directory of a cgroup v2 tree to be born in
 * @param pidNamespace of a process of it (pidfd), to be born in
 * @param donated in the order of the program's descriptor arguments; stay the caller's
 */
public record RunRequest(
    long token,
    ByteBuffer program,
    long cloneFlags,
    Optional<Fd> cgroup,
    Optional<Fd> pidNamespace,
    List<Fd> donated,
    List<Fd> entered) {

  /** Of a process whose parent enters nobody's namespaces before. */
  public RunRequest(
      long token,
      ByteBuffer program,
      long cloneFlags,
      Optional<Fd> cgroup,
      Optional<Fd> pidNamespace,
      List<Fd> donated) {
    this(token, program, cloneFlags, cgroup, pidNamespace, donated, List.of());
  }

  public RunRequest {
    donated = List.copyOf(donated);
    entered = List.copyOf(entered);
  }
}
