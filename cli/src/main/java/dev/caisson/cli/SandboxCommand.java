package dev.caisson.cli;

import dev.caisson.proto.types.v1.Network;
import dev.caisson.proto.types.v1.NetworkStatus;
import dev.caisson.proto.types.v1.Volume;
import dev.caisson.proto.v1.CreateSandboxRequest;
import dev.caisson.proto.v1.DeleteSandboxRequest;
import dev.caisson.proto.v1.ListSandboxesRequest;
import dev.caisson.proto.v1.ListSandboxesResponse;
import dev.caisson.proto.v1.Sandbox;
import dev.caisson.proto.v1.SandboxState;
import dev.caisson.proto.v1.WatchSandboxesRequest;
import dev.caisson.proto.v1.WatchSandboxesResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "sandbox",
    description = "Groups of containers that share network, IPC and host name, a cgroup, and fate.",
    subcommands = {
      SandboxCommand.Create.class,
      SandboxCommand.ListAll.class,
      SandboxCommand.Watch.class,
      SandboxCommand.Delete.class
    })
final class SandboxCommand {
  private static final int PAGE = 1000;

  @Command(name = "create", description = "Makes a sandbox without containers; prints its id.")
  static final class Create implements Callable<Integer> {
    @Mixin private Target target = new Target();
    @Mixin private Output output = Output.ofNames();
    @Mixin private LimitOptions limits = new LimitOptions();

    @Option(names = "--hostname", paramLabel = "NAME", description = "Host name (default: the id).")
    private String hostname = "";

    @Option(
        names = "--volume",
        paramLabel = "NAME[:OPTION,…]",
        description =
            "Memory that its containers can share: data, data:size=64m,noexec; repeatable. run --volume mounts it.")
    private List<String> volumes = new ArrayList<>();

    @Option(
        names = "--network",
        paramLabel = "none|cni[:NAME]",
        description =
            "Loopback alone (default), or one of the host's CNI configuration (without NAME the first that the guard allows).")
    private String network = "none";

    @Option(
        names = "--publish",
        paramLabel = "[IP:]HOST:SANDBOX[/PROTO]",
        description =
            "With --network cni: a port of the host that leads to one of the sandbox, tcp (default), udp or sctp; repeatable.")
    private List<String> published = new ArrayList<>();

    @Option(names = "--id", paramLabel = "ID", description = "Its name (default: one is made up).")
    private @Nullable String named;

    @Parameters(arity = "0..1", paramLabel = "ID", description = "The same, without --id.")
    private @Nullable String id;

    private String id() {
      if (named != null && id != null) {
        throw CliException.usage(
            "ID must be given once: " + named + ", " + id, "leave one of them away");
      }
      return named != null ? named : id != null ? id : Names.newId();
    }

    @Override
    public Integer call() {
      Sandbox.Builder sandbox =
          Sandbox.newBuilder()
              .setHostname(hostname)
              .setResources(limits.limits())
              .addAllVolumes(volumes.stream().map(Create::volume).toList());
      network().ifPresent(sandbox::setNetwork);
      CreateSandboxRequest request =
          CreateSandboxRequest.newBuilder()
              .setParent(target.names().parent())
              .setSandboxId(id())
              .setSandbox(sandbox)
              .build();
      Sandbox made = target.sandboxes().createSandbox(request);
      output.print(made, one -> Names.id(one.getName()) + "\n", one -> List.of(one.getName()));
      return Exit.OK;
    }

    private Optional<Network> network() {
      if (!network.equals("none") && !Networks.isCni(network)) {
        throw CliException.usage(
            "--network of a sandbox must be none or cni[:NAME]: " + network, "--network cni");
      }
      return Networks.of(network, published);
    }

    private static Volume volume(String text) {
      String[] parts = text.split(":", 2);
      Volume.Builder volume =
          Volume.newBuilder()
              .setName(parts[0])
              .setType(Volume.Type.TMPFS)
              .setShare(Volume.Share.POD);
      if (parts.length == 2) {
        volume.addAllOptions(List.of(parts[1].split(",", -1)));
      }
      return volume.build();
    }
  }

  @Command(name = "ls", aliases = "list", description = "Lists the sandboxes.")
  static final class ListAll implements Callable<Integer> {
    @Mixin private Target target = new Target();
    @Mixin private Output output = Output.ofNames();

    @Override
    public Integer call() {
      ListSandboxesResponse.Builder all = ListSandboxesResponse.newBuilder();
      String token = "";
      do {
        ListSandboxesResponse page = target.sandboxes().listSandboxes(page(token));
        all.addAllSandboxes(page.getSandboxesList());
        token = page.getNextPageToken();
      } while (!token.isEmpty());
      output.print(all.build(), ListAll::table, ListAll::names);
      return Exit.OK;
    }

    private ListSandboxesRequest page(String token) {
      return ListSandboxesRequest.newBuilder()
          .setParent(target.names().parent())
          .setPageSize(PAGE)
          .setPageToken(token)
          .build();
    }

    private static List<String> names(ListSandboxesResponse sandboxes) {
      return sandboxes.getSandboxesList().stream().map(Sandbox::getName).toList();
    }

    private static String table(ListSandboxesResponse sandboxes) {
      Table table = new Table("SANDBOX", "STATE", "CREATED", "ADDRESS", "CGROUP");
      for (Sandbox one : sandboxes.getSandboxesList()) {
        table.row(
            Names.id(one.getName()),
            one.getLost() ? "lost" : "alive",
            Text.time(one.getCreateTime()),
            addresses(one),
            one.getCgroup());
      }
      return table.toString();
    }

    private static String addresses(Sandbox sandbox) {
      String all =
          sandbox.getNetworkStatus().getInterfacesList().stream()
              .flatMap(one -> one.getAddressesList().stream())
              .map(NetworkStatus.Address::getAddress)
              .collect(Collectors.joining(","));
      return all.isEmpty() ? "-" : all;
    }
  }

  @Command(
      name = "watch",
      description = "Tells what there is, with the containers, and then whatever changes.")
  static final class Watch implements Callable<Integer> {
    @Mixin private Target target = new Target();
    @Mixin private Output output = new Output();

    @Option(names = "--once", description = "End when everything that there is has been told.")
    private boolean once;

    @Override
    public Integer call() {
      WatchSandboxesRequest request =
          WatchSandboxesRequest.newBuilder().setParent(target.names().parent()).build();
      var _ =
          target
              .followingSandboxes()
              .watch(request)
              .takeUntil(change -> once && change.hasSynced())
              .filter(change -> !change.hasSynced())
              .doOnNext(change -> output.printLine(change, Watch::line))
              .blockLast();
      return Exit.OK;
    }

    private static String line(WatchSandboxesResponse change) {
      if (change.hasRemoved()) {
        return Names.id(change.getRemoved()) + "  removed";
      }
      SandboxState state = change.getPresent();
      String containers =
          state.getContainersList().stream()
              .map(one -> Names.id(one.getName()) + " " + Text.state(one.getState()))
              .collect(Collectors.joining(", "));
      return Names.id(state.getSandbox().getName())
          + "  "
          + (state.getSandbox().getLost() ? "lost" : "alive")
          + (containers.isEmpty() ? "" : "  " + containers);
    }
  }

  @Command(
      name = "delete",
      aliases = "rm",
      description = "Removes sandboxes; with their containers when forced.")
  static final class Delete implements Callable<Integer> {
    @Mixin private Target target = new Target();
    @Mixin private Output output = Output.ofNames();

    @Option(
        names = {"-f", "--force"},
        description = "Kill and remove their containers too.")
    private boolean force;

    @Parameters(arity = "1..*", paramLabel = "ID", description = "The sandboxes.")
    private List<String> ids = new ArrayList<>();

    @Override
    public Integer call() {
      return output.each(ids, this::delete);
    }

    private void delete(String id) {
      DeleteSandboxRequest request =
          DeleteSandboxRequest.newBuilder()
              .setName(target.names().sandbox(id))
              .setForce(force)
              .build();
      var _ = target.sandboxes().deleteSandbox(request);
      output.printName(request.getName());
    }
  }
}
