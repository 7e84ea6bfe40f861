package dev.caisson.cli;

import dev.caisson.proto.types.v1.Capabilities;
import dev.caisson.proto.types.v1.Process;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import picocli.CommandLine.Option;

/** What a further program may do beside what its container's may. */
final class Rights {
  @Option(
      names = "--cap",
      paramLabel = "CAP_NAME",
      description = "A capability beside the container's own; repeatable.")
  private List<String> capabilities = new ArrayList<>();

  @Option(
      names = {"-g", "--additional-gids"},
      paramLabel = "GID",
      split = ",",
      description = "Groups beside the user's; repeatable.")
  private List<Integer> groups = new ArrayList<>();

  @Option(
      names = "--no-new-privs",
      description = "The program cannot gain privileges, whatever the container's may.")
  private boolean noNewPrivileges;

  /**
   * Adds them.
   *
   * @param container asked for the process of the container, whose rights are those that the
   *     program has where it does not say
   */
  void addTo(Process.Builder process, Supplier<Process> container) {
    if (noNewPrivileges) {
      process.setNoNewPrivileges(true);
    }
    if (!groups.isEmpty()) {
      if (!process.hasUser()) {
        process.setUser(container.get().getUser());
      }
      process.getUserBuilder().addAllAdditionalGids(groups);
    }
    if (!capabilities.isEmpty()) {
      Capabilities known =
          process.hasCapabilities() ? process.getCapabilities() : container.get().getCapabilities();
      process.setCapabilities(
          known.toBuilder()
              .clearBounding()
              .addAllBounding(with(known.getBoundingList()))
              .clearEffective()
              .addAllEffective(with(known.getEffectiveList()))
              .clearPermitted()
              .addAllPermitted(with(known.getPermittedList())));
    }
  }

  private Set<String> with(List<String> known) {
    Set<String> all = new LinkedHashSet<>(known);
    all.addAll(capabilities);
    return all;
  }
}
