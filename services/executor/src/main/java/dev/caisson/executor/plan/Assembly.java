package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Descriptor;
import dev.caisson.executor.plan.Argument.Donated;
import dev.caisson.executor.plan.Argument.Slot;
import dev.caisson.executor.refusal.Refusal;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.Function;

/** A plan that is being made: steps, donations, and which slots are free. For one thread. */
final class Assembly {
  private final List<Step> steps = new ArrayList<>();
  private final List<String> fields = new ArrayList<>();
  private final List<Donation> donations = new ArrayList<>();
  private final BitSet slots = new BitSet(Program.MAX_SLOTS);
  private String field = "";
  private final MountLabel label;

  /** Where no filesystem is made. */
  Assembly() {
    this(MountLabel.NONE);
  }

  /**
   * @param label of new filesystems
   */
  Assembly(MountLabel label) {
    this.label = label;
  }

  MountLabel label() {
    return label;
  }

  /**
   * What follows is there for a field of the specification: what the kernel says of it is about
   * that.
   *
   * @param name as refusals name it; empty: for none
   */
  void concerns(String name) {
    field = name;
  }

  void add(Step step) {
    steps.add(step);
    fields.add(field);
  }

  Donated donate(Donation donation) {
    donations.add(donation);
    return new Donated(donations.size() - 1, donation.name());
  }

  /** Adds the step that fills a free slot. */
  Slot fill(Function<Slot, Step> step) {
    Slot slot = new Slot(slots.nextClearBit(0));
    if (slot.index() >= Program.MAX_SLOTS) {
      throw new AssertionError("a compiler must release slots: all " + Program.MAX_SLOTS);
    }
    slots.set(slot.index());
    add(step.apply(slot));
    return slot;
  }

  /** Closes what a slot holds, and lets it be used anew. */
  void release(Slot slot) {
    add(new FileStep.Close(slot));
    slots.clear(slot.index());
  }

  /** The same for a slot which holds no descriptor where an error was tolerated. */
  void releaseIfOpen(Slot slot) {
    add(new FileStep.Close(slot).tolerating(Tolerable.EBADF));
    slots.clear(slot.index());
  }

  /** Opens a path which the process may trust: one that nobody but the executor has made. */
  Slot openTrusted(String path, Flag... flags) {
    Descriptor here = new Argument.Here();
    return fill(slot ->
        new FileStep.Open(
            here,
            path,
            List.of(flags),
            List.of(Flag.RESOLVE_NO_SYMLINKS, Flag.RESOLVE_NO_MAGICLINKS),
            slot));
  }

  /**
   * The finished plan.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if caisson-init would not take it
   */
  Plan plan(List<Flag> namespaces) {
    return plan(namespaces, List.of());
  }

  /** The same, for a process whose parent enters others' namespaces before it is born. */
  Plan plan(List<Flag> namespaces, List<Donation.NamespaceFile> entered) {
    bound("program steps", steps.size(), Program.MAX_STEPS);
    bound("donated descriptors", donations.size(), Program.MAX_DESCRIPTORS);
    Plan plan = new Plan(steps, fields, donations, namespaces, entered);
    bound("program bytes", Program.size(plan), Program.MAX_BYTES);
    return plan;
  }

  private static void bound(String what, int count, int limit) {
    if (count > limit) {
      String sentence =
          "A container can have at most " + limit + " " + what + "; this has " + count;
      throw Refusal.limit(what, sentence + ". Use fewer mounts, arguments or paths.").exception();
    }
  }
}
