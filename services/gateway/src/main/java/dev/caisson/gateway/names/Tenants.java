package dev.caisson.gateway.names;

import java.util.Set;

/**
 * Some tenants, or all that there are. Immutable.
 *
 * @param ids {@link #EVERY}: all
 */
public record Tenants(Set<String> ids) {
  public static final String EVERY = "*";

  /** All that there are. */
  public static final Tenants ALL = new Tenants(Set.of(EVERY));

  public Tenants {
    ids = Set.copyOf(ids);
  }

  /** Whether that tenant is meant, whether it exists or not. */
  public boolean include(String tenant) {
    return ids.contains(EVERY) || ids.contains(tenant);
  }
}
