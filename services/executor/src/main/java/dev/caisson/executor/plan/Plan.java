package dev.caisson.executor.plan;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What a new process will do, complete, before it does it.
 *
 * @param fields of the specification, as refusals name them, that the steps are there for; empty:
 *     for none
 * @param donations in the order in which their descriptors are sent
 * @param namespaces that the process is born with, as flags of clone3(2)
 * @param entered somebody else's namespaces, in the order in which its parent enters them before it
 */
public record Plan(
    List<Step> steps,
    List<String> fields,
    List<Donation> donations,
    List<Flag> namespaces,
    List<Donation.NamespaceFile> entered) {

  private static final Pattern CONTROL = Pattern.compile("\\p{Cc}");

  /** Of a process whose namespaces are new or its parent's. */
  Plan(List<Step> steps, List<Donation> donations, List<Flag> namespaces) {
    this(steps, donations, namespaces, List.of());
  }

  /** For no field of a specification. */
  Plan(
      List<Step> steps,
      List<Donation> donations,
      List<Flag> namespaces,
      List<Donation.NamespaceFile> entered) {
    this(steps, Collections.nCopies(steps.size(), ""), donations, namespaces, entered);
  }

  public Plan {
    entered = List.copyOf(entered);
    steps = List.copyOf(steps);
    fields = List.copyOf(fields);
    if (fields.size() != steps.size()) {
      throw new IllegalArgumentException("fields must be as many as steps: " + fields.size());
    }
    donations = List.copyOf(donations);
    namespaces = List.copyOf(namespaces);
  }

  /**
   * Everything that will be done, one line each, in the manner of strace(1): what the executor
   * opens, the birth of the process, its steps.
   */
  public List<String> text() {
    Stream<String> opened = donations.stream().map(Donation::text);
    Stream<String> others = entered.stream().flatMap(Plan::entering);
    Stream<String> birth = Stream.of("clone3(" + new Argument.Bits(namespaces).text() + ")");
    Stream<String> done = steps.stream().map(Step::text);
    return Stream.of(opened, others, birth, done).flatMap(lines -> lines).toList();
  }

  private static Stream<String> entering(Donation.NamespaceFile namespace) {
    return Stream.of(namespace.text(), "setns(" + namespace.name() + ", 0)");
  }

  /** SHA-256 of the lines, each with its newline. */
  public byte[] sha256() {
    return PlanDigest.of(this).value().toByteArray();
  }

  /** The index of the step that sets the hostname; -1: there is none. */
  int namingStep() {
    for (int i = 0; i < steps.size(); i++) {
      if (steps.get(i) instanceof NamespaceStep.SetHostname) {
        return i;
      }
    }
    return -1;
  }

  /** The filter of system calls that it puts in force. */
  public Optional<Filter> filter() {
    return steps.stream()
        .filter(FilterStep.Install.class::isInstance)
        .map(step -> ((FilterStep.Install) step).filter())
        .findFirst();
  }

  /** Whether the program hands out the listener of its filter: {@link Donation.ListenerSocket}. */
  public boolean notifies() {
    return donations.contains(new Donation.ListenerSocket());
  }

  /** {@code flags} of clone3(2); the same bits on each machine. */
  public long cloneFlags() {
    return Flag.bits(namespaces, Machine.X86_64);
  }

  /**
   * What the step at an index does, as words that can follow "Failed to": one line, whatever the
   * caller's names are made of.
   */
  public String describe(int index) {
    return CONTROL.matcher(steps.get(index).describe()).replaceAll("?");
  }

  /** The field of the specification that the step at an index is there for; empty: for none. */
  public String field(int index) {
    return fields.get(index);
  }

  /** Whether the step at an index needs room for a key. */
  public boolean makesKeyring(int index) {
    Step step = steps.get(index);
    return (step instanceof Step.Lenient lenient ? lenient.step() : step)
        instanceof IdentityStep.NewSessionKeyring;
  }

  /** The steps from one index to another, with all else. */
  Plan part(int from, int to) {
    return new Plan(
        steps.subList(from, to), fields.subList(from, to), donations, namespaces, entered);
  }

  /** What is told of at an index: the name of the barrier, or the report; otherwise empty. */
  public Optional<String> barrier(int index) {
    return switch (steps.get(index)) {
      case Step.Barrier(String name) -> Optional.of(name);
      case Step.Report(String name) -> Optional.of(name);
      default -> Optional.empty();
    };
  }

  /** Where it waits for that without a word; empty where it does not. */
  public OptionalInt awaits(String name) {
    return IntStream.range(0, steps.size())
        .filter(index -> steps.get(index).equals(new Step.Await(name)))
        .findFirst();
  }

  /** Whether the step at an index executes the caller's program: its errors are then about that. */
  public boolean executes(int index) {
    return steps.get(index) instanceof ProcessStep.Execute
        || steps.get(index) instanceof ProcessStep.ExecuteGiven;
  }

  /** Whether the step at an index names a label of AppArmor or SELinux. */
  public boolean labels(int index) {
    return steps.get(index) instanceof AttributeStep.WriteLabel;
  }

  /** The labels of AppArmor and SELinux that its program is executed under, in words. */
  public List<String> labels() {
    return steps.stream()
        .filter(AttributeStep.WriteLabel.class::isInstance)
        .map(step -> ((AttributeStep.WriteLabel) step).label())
        .toList();
  }

  /** Whose home directory the program is told, as the container has it; absent: nobody's. */
  public Optional<Donation.Home> home() {
    return donations.stream()
        .filter(Donation.Home.class::isInstance)
        .map(Donation.Home.class::cast)
        .findFirst();
  }
}
