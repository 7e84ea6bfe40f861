package dev.caisson.executor.journal;

import com.google.protobuf.ByteString;
import dev.caisson.executor.journal.v1.Request;
import dev.caisson.executor.journal.v1.Snapshot;
import dev.caisson.executor.journal.v1.TenantRequests;
import dev.caisson.model.Sha256;
import dev.caisson.proto.events.v1.EventOrBuilder;
import dev.caisson.proto.events.v1.HookFinished;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.types.v1.Actor;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * The newest requests that were done, by tenant and request id, as the record tells of them.
 * Thread-safe.
 *
 * <p>Bounded: of too many of one tenant its oldest is forgotten; of too many altogether the oldest
 * of the tenant that has the most, so that nobody's are pushed out by one who has more.
 */
final class Requests {
  /** Of one tenant; the proto says how many. */
  private static final int OF_TENANT = 4_096;

  private static final int ALTOGETHER = 8_192;

  /** Of what a segment may grow to, at most, each of its headers has them all. */
  private static final long SHARE = 4;

  /** In a snapshot, of one that was cut off. */
  private static final int BYTES = 80;

  /** Nobody but the tenant itself could make two of its own alike, by 2^64 tries. */
  private static final int KEPT_BYTES = 16;

  private final int ofTenant;
  private final int altogether;
  private final Map<String, SequencedMap<ByteString, Known>> tenants = new HashMap<>();
  private int count;

  /**
   * @param cutOff empty: done
   */
  private record Known(ByteString content, String cutOff) {}

  Requests(int ofTenant, int altogether) {
    this.ofTenant = ofTenant;
    this.altogether = altogether;
  }

  /** As many as suit segments of this size. */
  static Requests of(long segmentBytes) {
    int most = Math.clamp(segmentBytes / SHARE / BYTES, 1, ALTOGETHER);
    return new Requests(Math.min(most, OF_TENANT), most);
  }

  synchronized Optional<Earlier> find(String tenant, String requestId, ByteString sha256) {
    return Optional.ofNullable(tenants.get(tenant))
        .flatMap(own -> Optional.ofNullable(own.get(key(requestId))))
        .map(known -> new Earlier(known.content().equals(kept(sha256)), known.cutOff()));
  }

  synchronized void forget(String tenant, String requestId) {
    forget(tenant, key(requestId));
  }

  synchronized void recorded(EventOrBuilder event) {
    String tenant = event.getSubject().getTenant();
    Actor actor = event.getActor();
    if (event.getPhase() != Phase.OUTCOME || actor.getRequestId().isEmpty()) {
      return;
    }
    if (!event.getRequestSha256().isEmpty()) {
      recorded(event, tenant, key(actor.getRequestId()), kept(event.getRequestSha256()));
    } else if (event.hasHookFinished() && undoesStart(event.getHookFinished())) {
      forget(tenant, key(actor.getRequestId()));
    }
  }

  private void recorded(EventOrBuilder event, String tenant, ByteString id, ByteString content) {
    if (!event.hasFailure()) {
      put(tenant, id, new Known(content, ""));
    } else if (event.getFailure().getReason().equals(Journal.ABORTED_BY_CRASH)) {
      String container = event.getSubject().getContainerUid();
      String uid = container.isEmpty() ? event.getSubject().getSandboxUid() : container;
      put(tenant, id, new Known(content, uid));
    }
  }

  /** A start fails with its last hooks, which come after what is recorded of it. */
  private static boolean undoesStart(HookFinished hook) {
    boolean well =
        hook.hasStatus() && hook.getStatus().getCode() == 0 && hook.getStatus().getSignal() == 0;
    return hook.getKind().equals("poststart") && (hook.getTimedOut() || !well);
  }

  private void put(String tenant, ByteString id, Known known) {
    forget(tenant, id); // the newest is the last
    SequencedMap<ByteString, Known> own =
        tenants.computeIfAbsent(tenant, _ -> new LinkedHashMap<>());
    own.put(id, known);
    count++;
    if (own.size() > ofTenant) {
      forgetOldest(tenant, own);
    } else if (count > altogether) {
      tenants.entrySet().stream()
          .max(Comparator.comparingInt(one -> one.getValue().size()))
          .ifPresent(most -> forgetOldest(most.getKey(), most.getValue()));
    }
  }

  private void forgetOldest(String tenant, SequencedMap<ByteString, Known> own) {
    forget(tenant, own.firstEntry().getKey());
  }

  private void forget(String tenant, ByteString id) {
    @Nullable SequencedMap<ByteString, Known> own = tenants.get(tenant);
    if (own != null && own.remove(id) != null) {
      count--;
      if (own.isEmpty()) {
        tenants.remove(tenant);
      }
    }
  }

  private static ByteString key(String requestId) {
    byte[] bytes = requestId.getBytes(StandardCharsets.UTF_8);
    return kept(ByteString.copyFrom(Sha256.start().digest(bytes)));
  }

  private static ByteString kept(ByteString sha256) {
    // A copy: a part would keep the whole event that it is of.
    return ByteString.copyFrom(
        sha256.substring(0, Math.min(sha256.size(), KEPT_BYTES)).toByteArray());
  }

  synchronized void snapshot(Snapshot.Builder to) {
    tenants.forEach((tenant, own) -> {
      TenantRequests.Builder requests = TenantRequests.newBuilder().setTenant(tenant);
      own.forEach((id, known) ->
          requests.addRequests(
              Request.newBuilder()
                  .setId(id)
                  .setContent(known.content())
                  .setCutOff(known.cutOff())));
      to.addRequests(requests);
    });
  }

  synchronized void restore(Snapshot from) {
    for (TenantRequests tenant : from.getRequestsList()) {
      for (Request one : tenant.getRequestsList()) {
        Known known = new Known(kept(one.getContent()), one.getCutOff());
        put(tenant.getTenant(), kept(one.getId()), known);
      }
    }
  }
}
