package dev.caisson.linux;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * A change to a mount.
 *
 * @param userNamespace whose id map the mount gets; only for a detached mount that was never
 *     attached
 */
public record MountAttributes(
    Set<MountFlag> set,
    Set<MountFlag> clear,
    Optional<Propagation> propagation,
    Optional<Fd> userNamespace) {

  /** No change, to start from. */
  public static final MountAttributes NONE =
      new MountAttributes(Set.of(), Set.of(), Optional.empty(), Optional.empty());

  public MountAttributes {
    set = Set.copyOf(set);
    clear = Set.copyOf(clear);
    if (!Collections.disjoint(set, clear)) {
      throw new IllegalArgumentException("clear must not repeat what set has: " + clear);
    }
  }

  public static MountAttributes setting(MountFlag first, MountFlag... rest) {
    return new MountAttributes(
        EnumSet.of(first, rest), Set.of(), Optional.empty(), Optional.empty());
  }

  public MountAttributes clearing(MountFlag first, MountFlag... rest) {
    return new MountAttributes(set, EnumSet.of(first, rest), propagation, userNamespace);
  }

  public MountAttributes withPropagation(Propagation value) {
    return new MountAttributes(set, clear, Optional.of(value), userNamespace);
  }

  public MountAttributes idMappedBy(Fd namespace) {
    return new MountAttributes(set, clear, propagation, Optional.of(namespace));
  }
}
