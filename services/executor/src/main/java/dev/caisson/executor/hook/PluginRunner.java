package dev.caisson.executor.hook;

import dev.caisson.executor.plan.Plan;
import dev.caisson.executor.plan.PluginPlan;
import dev.caisson.executor.poll.PollLoop;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.Pipe;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Runs network plugins to their end, in the host's namespaces.
 *
 * <p>Thread-safe.
 */
public final class PluginRunner {
  /** Of what one says on its standard output, which is a result or an error. */
  public static final int MAX_OUTPUT = 64 * 1024;

  private final Kernel kernel;
  private final PollLoop loop;
  private final HostProcesses processes;
  private final int lastCapability;
  private final Supervision supervision;

  /**
   * @param loop reads what plugins print
   * @param lastCapability {@code /proc/sys/kernel/cap_last_cap}
   */
  public PluginRunner(Kernel kernel, PollLoop loop, HostProcesses processes, int lastCapability) {
    this.kernel = kernel;
    this.loop = loop;
    this.processes = processes;
    this.lastCapability = lastCapability;
    this.supervision = new Supervision(kernel);
  }

  /**
   * What came of a plugin.
   *
   * @param output its standard output, at most {@link #MAX_OUTPUT}; of more the end
   * @param errors the end of its standard error, at most 4,096 bytes
   * @param problem why it did not succeed, in words; empty when it ended with code 0
   */
  public record Outcome(String output, String errors, Optional<String> problem) {}

  /**
   * Blocks until the plugin has ended, or was killed when the time was up.
   *
   * @param host the namespace that it runs in; the call says whether there is one
   * @param sandbox likewise the sandbox's; both stay the caller's
   */
  public Outcome run(
      PluginPlan.Call call,
      String input,
      Optional<Fd> host,
      Optional<Fd> sandbox,
      Duration timeout) {
    Plan plan = PluginPlan.compile(call, lastCapability);
    Pipe output = supervision.output();
    Tail said = new Tail(kernel.files(), loop, output.read(), MAX_OUTPUT);
    Pipe errors = errors(said, output);
    Tail complained = new Tail(kernel.files(), loop, errors.read(), Tail.BYTES);
    Supervision.Watched watched;
    try (Fd out = output.write();
        Fd error = errors.write();
        Fd in = supervision.input(input)) {
      List<Fd> given = new ArrayList<>();
      host.ifPresent(given::add);
      sandbox.ifPresent(given::add);
      given.addAll(List.of(in, out, error));
      watched = supervision.watch(() -> processes.startPlugin(plan, given), timeout);
    } catch (RuntimeException e) {
      var _ = said.finish();
      var _ = complained.finish();
      throw e;
    }
    return new Outcome(said.finish().join(), complained.finish().join(), watched.problem());
  }

  private Pipe errors(Tail said, Pipe output) {
    try {
      return supervision.output();
    } catch (RuntimeException e) {
      output.write().close();
      var _ = said.finish();
      throw e;
    }
  }
}
