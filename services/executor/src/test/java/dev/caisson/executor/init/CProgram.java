package dev.caisson.executor.init;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A program in src/test/c, compiled for the test that runs it. */
record CProgram(Path executable) {
  private static final Path TESTS = Path.of("src/test/c");
  private static final Path SOURCES = Path.of("src/main/c");
  private static final Duration COMPILATION = Duration.ofMinutes(2);
  private static final List<String> FLAGS =
      List.of("-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-I" + SOURCES);

  /** What a program printed, both streams, and its exit status. */
  record Result(int status, String output) {}

  /** For the fuzzers: system calls are simulated, and every access is checked. */
  static final List<String> SANITIZED =
      List.of(
          "-DCAISSON_SIMULATED",
          "-fsanitize=address,undefined",
          "-fno-sanitize-recover=all",
          "-fno-omit-frame-pointer");

  static CProgram compile(Path directory, String name, List<String> flags, String... sources)
      throws Exception {
    Path executable = directory.resolve(name);
    List<String> command = new ArrayList<>(List.of("gcc", "-o", executable.toString()));
    command.addAll(FLAGS);
    command.addAll(flags);
    Stream.of(sources).map(CProgram::locate).map(Path::toString).forEach(command::add);
    Result result = run(COMPILATION, command);
    if (result.status() != 0) {
      throw new AssertionError("Failed to compile " + name + ": " + result.output());
    }
    return new CProgram(executable);
  }

  Result run(Duration limit, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(executable.toString()));
    command.addAll(List.of(arguments));
    return run(limit, command);
  }

  private static Path locate(String source) {
    Path test = TESTS.resolve(source);
    return Files.exists(test) ? test : SOURCES.resolve(source);
  }

  private static Result run(Duration limit, List<String> command)
      throws IOException, InterruptedException {
    Path output = Files.createTempFile("caisson-init-test", ".txt");
    try {
      return run(limit, command, output);
    } finally {
      Files.delete(output);
    }
  }

  private static Result run(Duration limit, List<String> command, Path output)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
      process.destroyForcibly().waitFor();
      throw new AssertionError(command + " runs after " + limit + ": " + Files.readString(output));
    }
    return new Result(process.exitValue(), Files.readString(output));
  }
}
