package dev.caisson.linux;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * A compiled filter: what seccomp(2) takes.
 *
 * @param instructions {@code struct sock_filter}s, {@link #INSTRUCTION_BYTES} each; read-only
 * @param skipped names of system calls and architectures which the library does not know
 */
public record SeccompFilter(ByteBuffer instructions, List<String> skipped) {
  /** {@code struct sock_filter} of linux/filter.h. */
  public static final int INSTRUCTION_BYTES = 8;

  /** {@code BPF_MAXINSNS} of linux/bpf_common.h. */
  public static final int MAX_INSTRUCTIONS = 4096;

  public SeccompFilter {
    instructions = instructions.asReadOnlyBuffer();
    skipped = List.copyOf(skipped);
  }
}
