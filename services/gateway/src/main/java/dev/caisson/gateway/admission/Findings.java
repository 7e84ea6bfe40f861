package dev.caisson.gateway.admission;

import dev.caisson.proto.v1.PolicyFinding;
import io.grpc.Context;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** What the policies have said of a call so far. Thread-safe. */
public final class Findings {
  static final Context.Key<Findings> KEY = Context.key("caisson-findings");

  private final List<PolicyFinding> all = new CopyOnWriteArrayList<>();

  Findings() {}

  /** Of the call that this thread serves. */
  public static List<PolicyFinding> current() {
    Findings findings = KEY.get();
    return findings == null ? List.of() : findings.all();
  }

  void add(List<PolicyFinding> more) {
    all.addAll(more);
  }

  List<PolicyFinding> all() {
    return List.copyOf(all);
  }
}
