package dev.caisson.executor.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What mount_setattr(2) is to do to a copied mount before it is donated. Attributes are only ever
 * added: what the host's own mount forbids stays forbidden.
 *
 * @param set of {@code MOUNT_ATTR_…}
 */
public record MountAttributes(Set<Flag> set, Donation.Propagation propagation) {
  /** {@code MOUNT_ATTR__ATIME}, a field of its own: it is cleared before it is set. */
  static final long ATIME = 0x70;

  private static final List<Flag> ATIME_MODES =
      List.of(Flag.MOUNT_ATTR_NOATIME, Flag.MOUNT_ATTR_STRICTATIME);

  public MountAttributes {
    set = Set.copyOf(set);
  }

  /** {@code attr_set}. The bits are the same on each machine. */
  public long setBits() {
    return Flag.bits(set, Machine.X86_64);
  }

  /** {@code attr_clr}. */
  public long clearBits() {
    return clearsAtime(set) ? ATIME : 0;
  }

  static boolean clearsAtime(Collection<Flag> set) {
    return ATIME_MODES.stream().anyMatch(set::contains);
  }

  /** {@code propagation}. */
  public long propagationBits() {
    Flag kind =
        switch (propagation) {
          case PRIVATE -> Flag.MS_PRIVATE;
          case SLAVE -> Flag.MS_SLAVE;
        };
    return kind.bits(Machine.X86_64);
  }

  String text() {
    List<String> words = new ArrayList<>();
    // In the order of the header: a line must not depend on a set's order.
    Arrays.stream(Flag.values())
        .filter(set::contains)
        .map(MountAttributes::word)
        .forEach(words::add);
    words.add(propagation.name().toLowerCase(Locale.ROOT));
    return "(" + String.join(", ", words) + ")";
  }

  private static String word(Flag attribute) {
    return attribute.name().replace("MOUNT_ATTR_", "").toLowerCase(Locale.ROOT);
  }
}
