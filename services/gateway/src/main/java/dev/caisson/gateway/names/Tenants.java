package dev.caisson.gateway.names;

import dev.caisson.gateway.errors.Errors;
import dev.caisson.proto.v1.Reason;
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

  /** What a request means by a tenant's id: {@link #EVERY} where there is none. */
  public static String asked(String field, String id) {
    if (id.isEmpty()) {
      return EVERY;
    }
    if (!Ids.isId(id)) {
      throw Errors.invalid(
          Reason.INVALID_FIELD,
          field,
          "be empty, for all tenants, or 1 to 64 of [A-Za-z0-9_.+-], the first a letter, digit or _",
          id);
    }
    return id;
  }

  /** Whether that tenant is meant, whether it exists or not; {@link #EVERY}: whether all are. */
  public boolean include(String tenant) {
    return ids.contains(EVERY) || ids.contains(tenant);
  }
}
