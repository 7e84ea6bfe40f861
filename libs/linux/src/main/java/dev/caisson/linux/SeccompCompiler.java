package dev.caisson.linux;

import java.util.Optional;

/** Compiles filters of system calls. Thread-safe. */
public interface SeccompCompiler {
  /** libseccomp's, which is looked for when it is first asked. */
  static SeccompCompiler ofLibrary(Files files) {
    return new Libseccomp(files);
  }

  /** What this host lacks for it, in a sentence; empty: nothing. */
  Optional<String> missing();

  /**
   * The filter of a profile. What the library does not know is skipped, and said.
   *
   * @throws LinuxException if the library refuses it: E2BIG above {@link
   *     SeccompFilter#MAX_INSTRUCTIONS}; ENOSYS without a library
   */
  SeccompFilter compile(SeccompProfile profile);
}
