package dev.caisson.linux;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A program to start.
 *
 * @param program resolved in this process's view; {@code /proc/self/fd/N} means this process's
 *     descriptor N
 * @param args the whole argv, its first entry included
 * @param env entries {@code NAME=value}
 * @param descriptors by their numbers in the child. 0, 1 and 2 are /dev/null unless given
 * @param newSession setsid(2)
 */
public record SpawnRequest(
    Path program,
    List<String> args,
    List<String> env,
    Map<Integer, Fd> descriptors,
    boolean newSession) {

  /** One more than the greatest number that a descriptor may have in the child. */
  public static final int MAX_DESCRIPTORS = 256;

  public SpawnRequest {
    args = List.copyOf(args);
    env = List.copyOf(env);
    descriptors = Map.copyOf(descriptors);
    if (args.isEmpty()) {
      throw new IllegalArgumentException("args must begin with the program's name: []");
    }
    for (int number : descriptors.keySet()) {
      if (number < 0 || number >= MAX_DESCRIPTORS) {
        throw new IllegalArgumentException(
            "descriptors must have numbers from 0 to " + (MAX_DESCRIPTORS - 1) + ": " + number);
      }
    }
  }
}
