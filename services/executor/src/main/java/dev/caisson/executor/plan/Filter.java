package dev.caisson.executor.plan;

import com.google.protobuf.ByteString;
import java.util.List;

/**
 * A filter of system calls, compiled.
 *
 * @param instructions {@code struct sock_filter}s
 * @param sha256 of the instructions
 * @param flags of seccomp(2)
 * @param skipped system calls and architectures that the compiler did not know
 */
public record Filter(
    ByteString instructions, ByteString sha256, List<Flag> flags, List<String> skipped) {
  /** {@code struct sock_filter} of linux/filter.h. */
  static final int INSTRUCTION_BYTES = 8;

  /** {@code BPF_MAXINSNS} of linux/bpf_common.h. */
  private static final int MAX_INSTRUCTIONS = 4096;

  public Filter {
    flags = List.copyOf(flags);
    skipped = List.copyOf(skipped);
    int size = instructions.size();
    if (size == 0 || size % INSTRUCTION_BYTES != 0 || size > MAX_INSTRUCTIONS * INSTRUCTION_BYTES) {
      throw new IllegalArgumentException(
          "instructions must be 1 to " + MAX_INSTRUCTIONS + ", whole ones: " + size + " bytes");
    }
  }

  /** How many instructions it has. */
  public int length() {
    return instructions.size() / INSTRUCTION_BYTES;
  }

  /** Whether some system calls are put before a listener. */
  public boolean notifies() {
    return flags.contains(Flag.SECCOMP_FILTER_FLAG_NEW_LISTENER);
  }
}
