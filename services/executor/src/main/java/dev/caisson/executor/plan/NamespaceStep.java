package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Bits;
import dev.caisson.executor.plan.Argument.Decimal;
import dev.caisson.executor.plan.Argument.Donated;
import dev.caisson.executor.plan.Argument.Field;
import dev.caisson.executor.plan.Argument.Named;
import dev.caisson.executor.plan.Argument.Slot;
import dev.caisson.executor.plan.Argument.Struct;
import dev.caisson.executor.plan.Argument.Text;
import dev.caisson.executor.plan.Instruction.Call;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Namespaces, and what belongs to one as a whole. */
sealed interface NamespaceStep extends Step {

  record Unshare(List<Flag> namespaces) implements NamespaceStep {
    @Override
    public Instruction instruction() {
      return Call.of(Syscall.UNSHARE, new Bits(namespaces));
    }

    @Override
    public String describe() {
      return "make namespaces " + new Bits(namespaces).text();
    }
  }

  record Join(Donated namespace, List<Flag> types) implements NamespaceStep {
    @Override
    public Instruction instruction() {
      return Call.of(Syscall.SETNS, namespace, new Bits(types));
    }

    @Override
    public String describe() {
      return "enter the namespaces of " + namespace.name();
    }
  }

  /** A namespace that the process has made itself. */
  record JoinOwn(Slot namespace, List<Flag> types) implements NamespaceStep {
    @Override
    public Instruction instruction() {
      return Call.of(Syscall.SETNS, namespace, new Bits(types));
    }

    @Override
    public String describe() {
      return "enter the new namespace " + new Bits(types).text();
    }
  }

  record SetHostname(String name) implements NamespaceStep {
    @Override
    public Instruction instruction() {
      return Call.of(
          Syscall.SETHOSTNAME, new Argument.HostnameText(name), new Decimal(length(name)));
    }

    @Override
    public String describe() {
      return "set hostname";
    }
  }

  record SetDomainname(String name) implements NamespaceStep {
    @Override
    public Instruction instruction() {
      return Call.of(Syscall.SETDOMAINNAME, new Text(name), new Decimal(length(name)));
    }

    @Override
    public String describe() {
      return "set domainname";
    }
  }

  /** A socket of the network namespace, to set up its interfaces with: netdevice(7). */
  record OpenSocket(Slot into) implements NamespaceStep {
    private static final Named AF_INET = new Named("AF_INET", 2);

    @Override
    public Instruction instruction() {
      Bits type = Bits.of(Flag.SOCK_DGRAM, Flag.SOCK_CLOEXEC);
      return Call.of(Syscall.SOCKET, AF_INET, type, new Decimal(0)).into(into);
    }

    @Override
    public String describe() {
      return "open a socket";
    }
  }

  record LoopbackUp(Slot socket) implements NamespaceStep {
    /** linux/sockios.h. */
    private static final Named SIOCSIFFLAGS = new Named("SIOCSIFFLAGS", 0x8914);

    /** The two bytes of "lo", little-endian. */
    private static final long LO = 'l' | ('o' << 8);

    @Override
    public Instruction instruction() {
      Decimal zero = new Decimal(0);
      // struct ifreq, linux/if.h: 16 bytes of name, a union of 24 of which the flags are the first
      // two.
      Struct request =
          new Struct(
              List.of(
                  new Field("ifr_name", 8, new Named("\"lo\"", LO)),
                  new Field("", 8, zero),
                  new Field("ifr_flags", 2, Bits.of(Flag.IFF_UP)),
                  new Field("", 2, zero),
                  new Field("", 4, zero),
                  new Field("", 8, zero),
                  new Field("", 8, zero)));
      return Call.of(Syscall.IOCTL, socket, SIOCSIFFLAGS, request);
    }

    @Override
    public String describe() {
      return "bring loopback up";
    }
  }

  private static int length(String name) {
    return name.getBytes(StandardCharsets.UTF_8).length;
  }
}
