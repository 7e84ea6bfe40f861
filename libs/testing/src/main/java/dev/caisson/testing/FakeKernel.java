package dev.caisson.testing;

import dev.caisson.linux.Errno;
import dev.caisson.linux.FileType;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * A kernel in memory: files, pipes, sockets and polling behave as Linux's do, processes and mounts
 * are recorded and played by the test. Thread-safe.
 *
 * <p>Operations are named by interface and method, as in {@code files.open}. What it leaves out:
 * symbolic links, permissions, and the effect of mounts.
 */
public final class FakeKernel {
  private final Monitor monitor = new Monitor();
  private final Recorder recorder = new Recorder();
  private final OpenFiles open = new OpenFiles(monitor);
  private final Tree tree = new Tree();
  private final FakeProcesses processes = new FakeProcesses(monitor, recorder, open);
  private final Kernel kernel =
      new Kernel(
          new FakeFiles(monitor, recorder, open, tree),
          new FakeMounts(monitor, recorder, open, tree),
          processes,
          new FakeSockets(monitor, recorder, open, tree),
          () -> {
            recorder.enter("polling.open");
            return new FakePoller(monitor, open);
          },
          new FakeTerminals(recorder));

  /** Begins with an empty root and {@code /dev/null}. */
  public FakeKernel() {
    addFile(Path.of("/dev/null"), new byte[0]);
  }

  public Kernel kernel() {
    return kernel;
  }

  /** Every call, in order, the failed ones included; those to pollers are not recorded. */
  public List<Call> calls() {
    return recorder.calls();
  }

  public List<Call> calls(String operation) {
    return calls().stream().filter(call -> call.operation().equals(operation)).toList();
  }

  /** Makes the next call fail, before it has any effect. */
  public void fail(String operation, Errno errno) {
    fail(operation, 0, errno);
  }

  /** Lets so many calls pass, then makes one fail. Several failures queue up. */
  public void fail(String operation, int after, Errno errno) {
    recorder.fail(operation, after, errno);
  }

  /** With the directories above it. */
  public void addDirectory(Path path) {
    monitor.change(() -> tree.addDirectories(path));
  }

  public void addFile(Path path, byte[] content) {
    monitor.change(() -> {
      tree.addDirectories(path.resolveSibling(""));
      tree.add(path, FileType.REGULAR).write(ByteBuffer.wrap(content), 0);
    });
  }

  /** What a file has now; ENOENT if there is none. */
  public byte[] content(Path path) throws LinuxException {
    return monitor.change(() -> tree.require(path).content());
  }

  /** Every child so far, in order. */
  public List<FakeProcess> spawned() {
    return processes.spawned();
  }

  /** What each new child does first, before {@code spawn} returns. */
  public void onSpawn(Consumer<FakeProcess> action) {
    processes.onSpawn(action);
  }

  /** How many descriptors are open: what a test of leaks compares. */
  public int openDescriptors() {
    return open.size();
  }
}
