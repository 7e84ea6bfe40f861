package dev.caisson.testing;

import dev.caisson.linux.Errno;
import dev.caisson.linux.LinuxException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What was asked, and what must fail. Thread-safe. */
final class Recorder {
  private final List<Call> calls = new ArrayList<>();

  /** For each operation, what its next calls are to do: fail, or (empty) not. */
  private final Map<String, Deque<Optional<Errno>>> outcomes = new HashMap<>();

  /** Records a call, and fails it if that was asked for. */
  synchronized void enter(String operation, Object... arguments) {
    Call call = new Call(operation, List.of(arguments));
    calls.add(call);
    Optional<Errno> outcome =
        Optional.ofNullable(outcomes.getOrDefault(operation, new ArrayDeque<>()).poll())
            .flatMap(errno -> errno);
    outcome.ifPresent(errno -> {
      throw new LinuxException("call", call.toString(), errno);
    });
  }

  synchronized void fail(String operation, int after, Errno errno) {
    Deque<Optional<Errno>> queue = outcomes.computeIfAbsent(operation, key -> new ArrayDeque<>());
    for (int i = 0; i < after; i++) {
      queue.add(Optional.empty());
    }
    queue.add(Optional.of(errno));
  }

  synchronized List<Call> calls() {
    return List.copyOf(calls);
  }
}
