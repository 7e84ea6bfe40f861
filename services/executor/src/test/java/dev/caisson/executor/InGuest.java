package dev.caisson.executor;

import static org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder.request;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.EngineFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Runs the tests that are named, {@code CgroupIT} or {@code RunIT#tellsOutputAndExitCode}, where
 * there is no Maven: in the guest of {@code tests/guest}. Prints a line for each, and Surefire's
 * last.
 */
final class InGuest implements TestExecutionListener {
  private static final String PACKAGE = "dev.caisson.executor.";

  private static final int FRAMES = 8;

  private final PrintStream to;
  private final Map<TestIdentifier, Long> begun = new HashMap<>();
  private final List<String> skipped = new ArrayList<>();
  private int run;
  private int failures;
  private int errors;

  private InGuest(PrintStream to) {
    this.to = to;
  }

  /** Ends with 0 when each of them ran and held: none is there to be skipped. */
  public static void main(String... names) {
    InGuest listener = new InGuest(System.out);
    List<DiscoverySelector> selectors = Arrays.stream(names).flatMap(InGuest::selectors).toList();
    var jupiter = EngineFilter.includeEngines("junit-jupiter");
    LauncherFactory.create()
        .execute(request().selectors(selectors).filters(jupiter).build(), listener);
    System.exit(listener.conclude() ? 0 : 1);
  }

  private static Stream<DiscoverySelector> selectors(String name) {
    String[] parts = (PACKAGE + name).split("#", 2);
    return parts.length == 1
        ? Stream.of(DiscoverySelectors.selectClass(parts[0]))
        : methods(parts[0], parts[1]);
  }

  /** Whatever parameters it has. */
  private static Stream<DiscoverySelector> methods(String type, String name) {
    List<DiscoverySelector> named =
        Arrays.stream(type(type).getDeclaredMethods())
            .filter(method -> method.getName().equals(name) && !method.isSynthetic())
            .<DiscoverySelector>map(
                method -> DiscoverySelectors.selectMethod(method.getDeclaringClass(), method))
            .toList();
    if (named.isEmpty()) {
      throw new IllegalArgumentException(type + " has no test " + name);
    }
    return named.stream();
  }

  private static Class<?> type(String name) {
    try {
      return Class.forName(name);
    } catch (ClassNotFoundException e) {
      throw new IllegalArgumentException("there is no test " + name, e);
    }
  }

  @Override
  public void executionStarted(TestIdentifier test) {
    begun.put(test, System.nanoTime());
  }

  @Override
  public void executionSkipped(TestIdentifier test, String reason) {
    run++;
    skip(test, reason);
  }

  @Override
  public void executionFinished(TestIdentifier test, TestExecutionResult result) {
    Throwable thrown = result.getThrowable().orElse(null);
    boolean held = result.getStatus() == TestExecutionResult.Status.SUCCESSFUL;
    if (!test.isTest() && held) {
      return;
    }
    run++;
    switch (result.getStatus()) {
      case SUCCESSFUL -> line("ok     ", test, took(test));
      case ABORTED -> skip(test, String.valueOf(thrown));
      case FAILED -> fail(test, thrown);
    }
  }

  private String took(TestIdentifier test) {
    Duration time = Duration.ofNanos(System.nanoTime() - begun.getOrDefault(test, 0L));
    return String.format("%.1f s", time.toMillis() / 1000.0);
  }

  private void skip(TestIdentifier test, String reason) {
    skipped.add(name(test));
    line("skipped", test, reason);
  }

  private void fail(TestIdentifier test, Throwable thrown) {
    line("FAILED ", test, took(test));
    if (thrown instanceof AssertionError) {
      failures++;
    } else {
      errors++;
    }
    tell(thrown);
  }

  /** With its causes, and the frames that are ours. */
  private void tell(Throwable thrown) {
    for (Throwable one = thrown; one != null; one = one.getCause()) {
      to.println("    " + one);
      Arrays.stream(one.getStackTrace())
          .filter(frame -> frame.getClassName().startsWith(PACKAGE))
          .limit(FRAMES)
          .forEach(frame -> to.println("        at " + frame));
    }
  }

  private void line(String outcome, TestIdentifier test, String detail) {
    to.printf("  %s %s (%s)%n", outcome, name(test), detail);
  }

  private static String name(TestIdentifier test) {
    return test.getSource()
            .filter(MethodSource.class::isInstance)
            .map(MethodSource.class::cast)
            .map(source -> source.getClassName().replaceAll(".*\\.", "") + " ")
            .orElse("")
        + test.getDisplayName();
  }

  private boolean conclude() {
    to.printf(
        "Tests run: %d, Failures: %d, Errors: %d, Skipped: %d%n",
        run, failures, errors, skipped.size());
    return run > 0 && failures + errors + skipped.size() == 0;
  }
}
