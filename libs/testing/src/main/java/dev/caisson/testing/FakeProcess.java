package dev.caisson.testing;

import dev.caisson.linux.ChildStatus;
import dev.caisson.linux.Fd;
import dev.caisson.linux.SpawnRequest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A child that a test plays: it ends when the test says so, or by SIGKILL. Thread-safe. */
public final class FakeProcess {
  static final int SIGKILL = 9;

  private final Monitor monitor;
  private final int pid;
  private final SpawnRequest request;
  private final Map<Integer, Fd> descriptors = new HashMap<>();
  private final List<Integer> signals = new ArrayList<>();
  private Optional<ChildStatus> status = Optional.empty();
  private boolean reaped;

  FakeProcess(Monitor monitor, int pid, SpawnRequest request) {
    this.monitor = monitor;
    this.pid = pid;
    this.request = request;
    request.descriptors().forEach((number, fd) -> descriptors.put(number, fd.duplicate()));
  }

  public int pid() {
    return pid;
  }

  public SpawnRequest request() {
    return request;
  }

  /** What the child inherited under this number; closed when it ends. */
  public Fd descriptor(int number) {
    return monitor.change(() -> Optional.ofNullable(descriptors.get(number)).orElseThrow());
  }

  /** Every signal that was sent, in order, without tests for existence. */
  public List<Integer> signals() {
    return monitor.change(() -> List.copyOf(signals));
  }

  public void exit(int code) {
    end(new ChildStatus(code, 0));
  }

  /** Ends it; the first end counts. */
  public void end(ChildStatus how) {
    monitor.change(() -> {
      if (status.isEmpty()) {
        status = Optional.of(how);
        descriptors.values().forEach(Fd::close);
      }
    });
  }

  void signal(int signal) {
    if (signal != 0) {
      signals.add(signal);
    }
    if (signal == SIGKILL) {
      end(new ChildStatus(0, SIGKILL));
    }
  }

  /** How it ended, and nobody's child any more. */
  Optional<ChildStatus> reap() {
    reaped = status.isPresent();
    return status;
  }

  boolean isReaped() {
    return reaped;
  }

  boolean hasEnded() {
    return status.isPresent();
  }
}
