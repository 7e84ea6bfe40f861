package dev.caisson.executor.init;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The binary as it is shipped, in real namespaces. Each case is one of those in src/test/c. */
class CaissonInitIT {
  private static final Duration CASE_LIMIT = Duration.ofMinutes(1);
  private static final int SKIPPED = 77;
  private static final int ROOT = 0;

  @TempDir private static Path directory;

  @TestFactory
  Stream<DynamicTest> behaves() throws Exception {
    Object user = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    assumeTrue(user.equals(ROOT), "Skipped: namespaces and cgroups are made by root");
    CProgram driver =
        CProgram.compile(
            directory,
            "caisson-init-test",
            List.of(),
            "harness.c",
            "builder.c",
            "probe.c",
            "interpreter_test.c",
            "protocol_test.c",
            "sandbox_test.c");
    List<String> cases = driver.run(CASE_LIMIT, "list").output().lines().toList();
    assertThat(cases).hasSizeGreaterThan(60);
    return cases.stream().map(name -> DynamicTest.dynamicTest(name, () -> run(driver, name)));
  }

  private static void run(CProgram driver, String name) throws Exception {
    CProgram.Result result = driver.run(CASE_LIMIT, "run", name, binary().toString());
    assumeTrue(result.status() != SKIPPED, () -> "Skipped: " + result.output());
    assertThat(result.status()).as(result.output()).isZero();
    System.out.print(result.output());
  }

  private static Path binary() {
    String machine = System.getProperty("os.arch").equals("amd64") ? "x86_64" : "aarch64";
    return Path.of("target/classes/dev/caisson/executor/init/caisson-init-" + machine)
        .toAbsolutePath();
  }
}
