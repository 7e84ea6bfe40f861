package dev.caisson.executor.network;

import com.google.gson.JsonObject;
import dev.caisson.executor.hook.PluginRunner;
import dev.caisson.executor.network.Attachment.Command;
import dev.caisson.executor.plan.PluginPlan;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.OpenFlag;
import dev.caisson.proto.types.v1.Network;
import dev.caisson.proto.types.v1.NetworkStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;

/**
 * Joins sandboxes to the host's networks and takes them out again. What it is about to do is on the
 * disk before it does it, so that nothing outlives a crash unknown.
 *
 * <p>Thread-safe, as long as what concerns one sandbox comes one after the other.
 */
public final class Networks {
  /** What a sandbox's interface is called. */
  private static final String INTERFACE = "eth0";

  /** Programs of the host's at once: each has some processes of its own. */
  private static final int AT_A_TIME = 16;

  private static final String PATH =
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  private final Kernel kernel;
  private final PluginRunner runner;
  private final Configurations configurations;
  private final Programs programs;
  private final Attachments attachments;
  private final Optional<Path> namespace;
  private final Duration most;
  private final Semaphore room = new Semaphore(AT_A_TIME, true);

  /**
   * @param directory of the executor's own, for what outlives a restart of the host
   * @param most that joining may take, and leaving
   */
  public Networks(
      Kernel kernel, PluginRunner runner, NetworkSettings settings, Path directory, Duration most) {
    this.kernel = kernel;
    this.runner = runner;
    this.configurations = new Configurations(settings.configurations());
    this.programs = new Programs(settings.plugins());
    this.attachments = new Attachments(directory);
    this.namespace = settings.namespace();
    this.most = most;
  }

  /**
   * A sandbox that is to be joined.
   *
   * @param root who its root is on the host: its user id
   * @param group the same of its group
   */
  public record Guest(String uid, String hostname, int root, int group, Fd namespace) {}

  /**
   * Joins it. Nothing is left of a failure, except where {@link #isKnown} then says so.
   *
   * @throws RefusedException (NETWORK_FAILED) in the words of the plugin that failed
   */
  public NetworkStatus attach(Guest guest, Network asked) {
    Configuration network = configurations.require(asked.getName());
    if (asked.getPortsCount() > 0 && !network.mapsPorts()) {
      throw Refusal.invalid(
              "network.ports",
              "be absent, since no plugin of the network has the capability portMappings",
              asked.getName())
          .exception();
    }
    network.plugins().stream()
        .flatMap(plugin -> Configuration.programs(plugin).stream())
        .forEach(type -> programs.require(network.name(), type));
    try {
      NetworkStatus status = added(guest, Attachment.begin(network, asked.getPortsList()));
      attachments.write(
          guest.uid(),
          NameFiles.of(guest.hostname(), status, Attachments.hostsResolver()),
          guest.root(),
          guest.group());
      return status;
    } catch (RuntimeException e) {
      undo(guest, e);
      throw e;
    }
  }

  private void undo(Guest guest, RuntimeException problem) {
    try {
      detach(guest.uid(), Optional.of(guest.namespace()));
    } catch (RuntimeException e) {
      problem.addSuppressed(e);
    }
  }

  private NetworkStatus added(Guest guest, Attachment begun) {
    Attachment attachment = begun;
    attachments.keep(guest.uid(), attachment);
    try (Operation operation = new Operation(guest.uid(), Optional.of(guest.namespace()))) {
      for (JsonObject plugin : begun.network().plugins()) {
        attachment = attachment.with(operation.run(attachment, plugin, Command.ADD));
        attachments.keep(guest.uid(), attachment);
      }
    }
    String name = begun.network().name();
    try {
      return Results.status(name, attachment.result().orElseThrow(), INTERFACE);
    } catch (Json.Malformed e) {
      throw Failures.failed(
          name, "The result of network " + name + " cannot be used: " + e.getMessage() + ".");
    }
  }

  /** Whether something is known of a network of this sandbox. */
  public boolean isKnown(String uid) {
    return attachments.find(uid).isPresent();
  }

  /** Uids of sandboxes of whose network something is known. */
  public List<String> known() {
    return attachments.uids();
  }

  /** Where the files of {@link NameFiles} of a sandbox are. */
  public Path directory(String uid) {
    return attachments.directory(uid);
  }

  /** The name of the network that it is joined to, or was about to be. */
  public Optional<String> nameOf(String uid) {
    return attachments.find(uid).map(attachment -> attachment.network().name());
  }

  /**
   * Asks the plugins whether all is still as they have made it.
   *
   * @return what is not, as a sentence
   */
  public Optional<String> check(String uid, Fd sandbox) {
    Optional<Attachment> known = attachments.find(uid).filter(one -> one.network().checked());
    if (known.isEmpty()) {
      return Optional.empty();
    }
    try (Operation operation = new Operation(uid, Optional.of(sandbox))) {
      for (JsonObject plugin : known.get().network().plugins()) {
        operation.perform(known.get(), plugin, Command.CHECK);
      }
      return Optional.empty();
    } catch (RefusedException e) {
      return Optional.of(e.refusal().message());
    }
  }

  /**
   * Takes it out of its network, if it is in one, or half in one; the last plugin comes first. No
   * plugin is passed over because another has failed.
   *
   * @param sandbox empty when its namespace is gone
   * @throws RefusedException (NETWORK_FAILED) of the first that failed: it can be done again
   */
  public void detach(String uid, Optional<Fd> sandbox) {
    attachments.find(uid).ifPresent(known -> remove(uid, known, sandbox));
    attachments.remove(uid);
  }

  private void remove(String uid, Attachment known, Optional<Fd> sandbox) {
    Optional<RefusedException> problem = Optional.empty();
    try (Operation operation = new Operation(uid, sandbox)) {
      for (JsonObject plugin : known.network().plugins().reversed()) {
        try {
          operation.perform(known, plugin, Command.DEL);
        } catch (RefusedException e) {
          problem = problem.or(() -> Optional.of(e));
        }
      }
    }
    if (problem.isPresent()) {
      throw problem.get();
    }
  }

  /** One after the other, in the time of one operation. */
  private final class Operation implements AutoCloseable {
    private final String uid;
    private final Optional<Fd> sandbox;
    private final Optional<Fd> host;
    private final long deadline;

    Operation(String uid, Optional<Fd> sandbox) {
      this.uid = uid;
      this.sandbox = sandbox;
      this.host = namespace.map(path -> kernel.files().open(path, OpenFlag.READ_ONLY));
      room.acquireUninterruptibly();
      this.deadline = System.nanoTime() + most.toNanos();
    }

    JsonObject run(Attachment attachment, JsonObject plugin, Command command) {
      try {
        return Json.object(perform(attachment, plugin, command));
      } catch (Json.Malformed e) {
        throw failed(attachment, plugin, command, "of its result " + e.getMessage());
      }
    }

    /** What it has put out. */
    String perform(Attachment attachment, JsonObject plugin, Command command) {
      String type = Configuration.type(plugin);
      Path program = programs.require(attachment.network().name(), type);
      PluginRunner.Outcome outcome =
          runner.run(
              new PluginPlan.Call(
                  program.toString(),
                  environment(command),
                  namespace.map(Path::toString).orElse(""),
                  sandbox.isPresent()),
              attachment.input(plugin, command),
              host,
              sandbox,
              Duration.ofNanos(Math.max(deadline - System.nanoTime(), 1)));
      if (outcome.problem().isPresent()) {
        throw failed(attachment, plugin, command, Complaint.of(outcome));
      }
      return outcome.output();
    }

    private List<String> environment(Command command) {
      return List.of(
          PATH,
          "CNI_COMMAND=" + command,
          "CNI_CONTAINERID=" + uid,
          "CNI_NETNS=" + (sandbox.isPresent() ? PluginPlan.NAMESPACE : ""),
          "CNI_IFNAME=" + INTERFACE,
          "CNI_PATH=" + programs.path());
    }

    private RefusedException failed(
        Attachment attachment, JsonObject plugin, Command command, String words) {
      String name = attachment.network().name();
      return Failures.failed(
          name,
          "Network "
              + name
              + ": "
              + command
              + " of the plugin "
              + Configuration.type(plugin)
              + " failed: "
              + words);
    }

    @Override
    public void close() {
      room.release();
      host.ifPresent(Fd::close);
    }
  }
}
