package dev.caisson.linux.abi;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * What C headers must say, checked by a compiler. Nothing is run: so a cross compiler can check
 * another architecture.
 */
public final class HeaderFacts {
  /** The second is what aarch64's own header says before it includes the generic numbers. */
  private static final String PREAMBLE = "#define _GNU_SOURCE\n#define __ARCH_WANT_SYS_CLONE3\n";

  private final StringBuilder program = new StringBuilder(PREAMBLE);

  public HeaderFacts(String... headers) {
    Arrays.stream(headers).forEach(header -> line("#include <" + header + ">"));
  }

  /** The expression is a constant of this value. */
  public HeaderFacts equal(String expression, long expected) {
    line(
        "_Static_assert((long long)(%s) == %dLL, \"%s\");"
            .formatted(expression, expected, expression));
    return this;
  }

  /** The macro has this value in headers that are new enough to have it at all. */
  public HeaderFacts equalIfDefined(String macro, long expected) {
    line("#ifdef " + macro);
    equal(macro, expected);
    line("#endif");
    return this;
  }

  /** The compiler's complaints; empty if all is as expected. */
  public List<String> wrong(String compiler) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(compiler, "-fsyntax-only", "-x", "c", "-")
            .redirectErrorStream(true)
            .start();
    try (var input = process.getOutputStream()) {
      input.write(program.toString().getBytes(StandardCharsets.UTF_8));
    }
    try (var output = process.inputReader()) {
      List<String> lines = output.lines().toList();
      return process.waitFor() == 0 ? List.of() : errors(lines);
    }
  }

  private static List<String> errors(List<String> lines) {
    List<String> errors = lines.stream().filter(line -> line.contains("static assertion")).toList();
    return errors.isEmpty() ? lines : errors;
  }

  /** Whether there is such a compiler. */
  public static boolean isInstalled(String compiler) {
    return Arrays.stream(System.getenv("PATH").split(":"))
        .anyMatch(directory -> new File(directory, compiler).canExecute());
  }

  private void line(String text) {
    program.append(text).append('\n');
  }
}
