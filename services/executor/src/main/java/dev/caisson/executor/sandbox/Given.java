package dev.caisson.executor.sandbox;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.caisson.executor.donation.Donated;
import dev.caisson.executor.donation.Donations;
import dev.caisson.executor.plan.Passed;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.linux.Fd;
import dev.caisson.linux.FileStatus;
import dev.caisson.linux.FileType;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.OpenFlag;
import dev.caisson.proto.events.v1.DonatedDescriptor;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.DonatedDescriptors;
import dev.caisson.proto.types.v1.IdMapping;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The descriptors of a local caller that one process is given. Closed with this: the process has
 * its own by then.
 */
final class Given implements AutoCloseable {
  private static final Given NONE = new Given(new Donations());

  private static final List<String> STREAMS = List.of("stdin", "stdout", "stderr");
  private static final String CONSOLE = "console";
  private static final String FIELD = "donated.";

  /** What runc calls it; receivers do not care. */
  private static final String MASTER = "pty-master";

  /** The bits of the group are the mask of an access control list, where there is one: acl(5). */
  private static final int WRITABLE_BY_OTHERS = 0022;

  /** By what they are for, as events name it. */
  private final Map<String, Donated> taken = new LinkedHashMap<>();

  private final List<DonatedDescriptor> events = new ArrayList<>();
  private final Donations donations;

  private Given(Donations donations) {
    this.donations = donations;
  }

  static Given none() {
    return NONE;
  }

  /**
   * Takes what a request names. All of it is used up, whatever comes of the request.
   *
   * @throws RefusedException when one is not there, or is not what its use needs
   */
  static Given take(Donations donations, DonatedDescriptors donated) {
    Given given = new Given(donations);
    try {
      given.take(donations, "stdin", donated.getStdin());
      given.take(donations, "stdout", donated.getStdout());
      given.take(donations, "stderr", donated.getStderr());
      given.take(donations, CONSOLE, donated.getConsole());
      given.take(donations, Passed.PROGRAM, donated.getProgram());
      donated
          .getPassedMap()
          .forEach((number, token) -> given.take(donations, String.valueOf(number), token));
      given.require(CONSOLE, Donated::isConnection, "be a connected Unix socket");
      given.require(
          Passed.PROGRAM, program -> program.type() == FileType.REGULAR, "be a regular file");
      return given;
    } catch (RuntimeException e) {
      given.close();
      throw e;
    }
  }

  private void take(Donations donations, String use, String token) {
    boolean named = !token.isEmpty() || Character.isDigit(use.charAt(0));
    if (named) {
      Donated donated = donations.take(token).orElseThrow(() -> notFound(use));
      taken.put(use, donated);
      events.add(
          DonatedDescriptor.newBuilder()
              .setUse(use)
              .setType(donated.typeName())
              .setDonorUid(donated.donor())
              .build());
    }
  }

  private static RefusedException notFound(String use) {
    String field = field(use);
    return new Refusal(
            Reason.DONATION_NOT_FOUND,
            field
                + " names no donated descriptor: a token is good once, and while the connection of"
                + " its donor is open.",
            Map.of("field", field))
        .exception();
  }

  private static String field(String use) {
    return FIELD + (Character.isDigit(use.charAt(0)) ? "passed[" + use + "]" : use);
  }

  private void require(String use, Predicate<Donated> holds, String rule) {
    of(use)
        .filter(holds.negate())
        .ifPresent(donated -> {
          throw Refusal.invalid(FIELD + use, rule, donated.typeName()).exception();
        });
  }

  /**
   * A program that a process of the container could write to would be its donor's undoing: it is
   * there as {@code /proc/self/exe}.
   *
   * @throws RefusedException when it could
   */
  void requireUnchangeable(Host host, SandboxRecord sandbox) {
    Optional<Donated> program = of(Passed.PROGRAM);
    if (program.isEmpty()) {
      return;
    }
    FileStatus file = host.kernel().files().status(program.get().descriptor());
    if (has(sandbox.getUidMappingsList(), file.uid())
        || has(sandbox.getGidMappingsList(), file.gid())
        || (file.mode() & WRITABLE_BY_OTHERS) != 0) {
      throw Refusal.invalid(
              FIELD + Passed.PROGRAM,
              "belong to a user and a group that the container does not have, and be writable for"
                  + " its owner alone, since the container could change it",
              "user "
                  + Integer.toUnsignedString(file.uid())
                  + ", group "
                  + Integer.toUnsignedString(file.gid()))
          .exception();
    }
  }

  /** Without a map, it has all of the host's. */
  private static boolean has(List<IdMapping> map, int id) {
    long wanted = Integer.toUnsignedLong(id);
    return map.isEmpty()
        || map.stream()
            .anyMatch(range ->
                wanted >= Integer.toUnsignedLong(range.getHostId())
                    && wanted
                        < Integer.toUnsignedLong(range.getHostId())
                            + Integer.toUnsignedLong(range.getSize()));
  }

  private Optional<Donated> of(String use) {
    return Optional.ofNullable(taken.get(use));
  }

  boolean hasStreams() {
    return STREAMS.stream().anyMatch(taken::containsKey);
  }

  /** The standard streams; one that is not given is /dev/null. The receiver closes them. */
  List<Fd> streams(Host host) {
    List<Fd> streams = new ArrayList<>();
    try {
      for (String use : STREAMS) {
        streams.add(
            of(use).map(one -> one.descriptor().duplicate()).orElseGet(() -> nothing(host)));
      }
      return streams;
    } catch (RuntimeException e) {
      streams.forEach(Fd::close);
      throw e;
    }
  }

  /** Whose owner may become the process's user: not that of what a donor has of others. */
  boolean isOwnPipe(String use) {
    return of(use).filter(Donated::isOwnPipe).isPresent();
  }

  private static Fd nothing(Host host) {
    return host.kernel().files().open(Path.of("/dev/null"), OpenFlag.READ_WRITE);
  }

  boolean hasConsole() {
    return taken.containsKey(CONSOLE);
  }

  /**
   * Sends the master of the terminal to whoever waits for it.
   *
   * @throws RefusedException when nobody does
   */
  void sendConsole(Host host, Fd master) {
    Donated console = of(CONSOLE).orElseThrow();
    try {
      host.kernel().files().setBlocking(master, true); // as receivers expect it
      host.kernel()
          .sockets()
          .sendAtOnce(
              console.descriptor(), ByteBuffer.wrap(MASTER.getBytes(US_ASCII)), List.of(master));
    } catch (LinuxException e) {
      throw Refusal.invalid(
              FIELD + CONSOLE, "be a Unix socket that somebody receives from", e.errno())
          .exception();
    }
    taken.remove(CONSOLE);
    donations.close(console); // its receiver waits for the end
  }

  /** For a program: see {@link Passed}. They stay this object's. */
  Optional<Fd> further(String name) {
    String use = name.startsWith("fd") ? name.substring(2) : name;
    return of(use).map(Donated::descriptor);
  }

  /** For the record. */
  List<DonatedDescriptor> events() {
    return List.copyOf(events);
  }

  @Override
  public void close() {
    taken.values().forEach(donations::close);
    taken.clear();
  }
}
