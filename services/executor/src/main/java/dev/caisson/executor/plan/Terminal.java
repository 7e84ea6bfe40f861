package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Slot;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.ConsoleSize;
import dev.caisson.proto.types.v1.Process;

/**
 * A process's terminal: made by the process itself, of its container's devpts, so that its name is
 * true inside.
 *
 * <p>What is at {@code /dev/pts/ptmx} may be the container's choice. So the master is sent to the
 * executor before anything that it answers is used, and at {@link ContainerPlan#TERMINAL} the
 * program waits until the executor has seen that it is one.
 */
final class Terminal {
  private static final String MASTER = "/dev/pts/ptmx";
  private static final String CONSOLE = "/dev/console";

  private final Assembly assembly;
  private final Targets targets;
  private final Process process;

  /**
   * @param targets the container's root
   */
  Terminal(Assembly assembly, Targets targets, Process process) {
    this.assembly = assembly;
    this.targets = targets;
    this.process = process;
  }

  /** A terminal has two sides: somebody must be able to come to the other one. */
  static void check(Process process, boolean pipes) {
    if (process.getTerminal() && !pipes) {
      throw Refusal.invalid(
              "process.terminal", "have streams that somebody attaches to", "they are discarded")
          .exception();
    }
  }

  /** The standard streams are the terminal from now on. */
  void open() {
    assembly.release(openPeer());
  }

  /** The same, and {@code /dev/console} is the terminal. */
  void openWithConsole() {
    Slot peer = openPeer();
    targets.makeFile(CONSOLE);
    Slot target = targets.openAny(CONSOLE);
    Slot console = assembly.fill(slot -> new MountStep.CloneTree(peer, false, CONSOLE, slot));
    assembly.add(new MountStep.Attach(console, target, "the terminal", CONSOLE));
    assembly.release(console);
    assembly.release(target);
    assembly.release(peer);
  }

  private Slot openPeer() {
    Slot master = targets.openDevice(MASTER);
    assembly.add(new TerminalStep.Unlock(master));
    send(master);
    Slot peer = assembly.fill(slot -> new TerminalStep.OpenPeer(master, slot));
    assembly.release(master);
    if (process.hasConsoleSize()) {
      ConsoleSize size = process.getConsoleSize();
      assembly.add(new TerminalStep.SetSize(peer, size.getHeight(), size.getWidth()));
    }
    assembly.add(new TerminalStep.Own(peer, process.getUser().getUid()));
    for (Donation.Stream stream : Donation.Stream.values()) {
      assembly.add(new FileStep.Redirect(peer, stream));
    }
    return peer;
  }

  private void send(Slot master) {
    var socket = assembly.donate(new Donation.TerminalSocket());
    assembly.add(new FileStep.Redirect(master, Donation.Stream.STDIN));
    assembly.add(new TerminalStep.SendStdin(socket));
    assembly.add(new FileStep.Close(socket));
    assembly.add(new Step.Barrier(ContainerPlan.TERMINAL));
  }
}
