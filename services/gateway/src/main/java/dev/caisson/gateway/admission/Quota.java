package dev.caisson.gateway.admission;

import dev.caisson.gateway.names.Tenants;
import dev.caisson.proto.executor.v1.TenantQuota;
import java.util.OptionalInt;

/**
 * What each of some tenants may have at once. Empty: no bound but the host's.
 *
 * @param requests that name something of the tenant, in a second
 * @param burst of those that may come together after a pause; at least one
 * @param streams calls under way that are more than a question and an answer
 * @param execs calls under way that execute something in a container
 * @param living what lives on the node, which the executor counts
 */
record Quota(
    Tenants tenants,
    OptionalInt requests,
    int burst,
    OptionalInt streams,
    OptionalInt execs,
    TenantQuota living) {}
