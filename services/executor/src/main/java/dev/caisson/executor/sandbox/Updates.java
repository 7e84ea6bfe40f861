package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Allotted;
import dev.caisson.executor.cgroup.CgroupException;
import dev.caisson.executor.cgroup.InvalidResources;
import dev.caisson.executor.cgroup.Limits;
import dev.caisson.executor.cgroup.SettingChange;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.executor.store.StoreException;
import dev.caisson.model.Operation;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.ResourcesUpdated;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.TenantQuota;
import dev.caisson.proto.types.v1.Resources;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Optional;

/**
 * Limits of what lives, changed: all that are asked for, or none. In the sandbox's queue.
 *
 * <p>What is asked for is on the disk before the first control file is written, and what holds
 * replaces it there after the last: an executor that finds the former does it again.
 */
final class Updates {
  private static final System.Logger LOG = System.getLogger(Updates.class.getName());

  private final Host host;
  private final Recorder recorder;
  private final Allotments allotments;

  Updates(Host host, Recorder recorder, Allotments allotments) {
    this.allotments = allotments;
    this.host = host;
    this.recorder = recorder;
  }

  void update(Container container, Resources asked, TenantQuota quota, Ask ask) {
    var _ = States.require(container, Operation.UPDATE);
    update(new Limited.OfContainer(container), asked, quota, ask);
  }

  void update(Sandbox sandbox, Resources asked, TenantQuota quota, Ask ask) {
    if (sandbox.record().getLost() || sandbox.record().getDeleting()) {
      throw sandbox.isLost();
    }
    update(new Limited.OfSandbox(sandbox), asked, quota, ask);
  }

  private void update(Limited limited, Resources asked, TenantQuota quota, Ask ask) {
    recorder.record(
        Recorder.asked(event(limited, asked, List.of()), ask),
        () -> change(limited, asked, quota),
        changes -> Recorder.asked(event(limited, asked, changes), ask));
  }

  private List<SettingChange> change(Limited limited, Resources asked, TenantQuota quota) {
    Resources before = limited.limits();
    Merged merged = Merged.of(before, asked);
    // What becomes less is others' once it holds.
    limited.take(allotments, List.of(Allotted.of(before), Allotted.of(merged.all())), quota);
    begin(limited, before, asked);
    List<SettingChange> changes;
    try {
      Limits.check(merged.all()); // what was set before must not come back by what is set now
      changes = limited.cgroup().update(merged.touched());
    } catch (RuntimeException e) {
      settle(limited, before, e.getSuppressed().length > 0);
      throw e instanceof CgroupException || e instanceof InvalidResources ? refused(limited, e) : e;
    }
    settle(limited, merged.all());
    return changes;
  }

  private void begin(Limited limited, Resources before, Resources asked) {
    try {
      limited.begin(host, asked);
    } catch (RuntimeException e) {
      allot(limited, before);
      throw e;
    }
  }

  /** Done is done: on a full disk the next life of the executor finds it begun, and ends it. */
  private void settle(Limited limited, Resources limits) {
    settle(limited, limits, false);
  }

  private void allot(Limited limited, Resources limits) {
    limited.take(allotments, List.of(Allotted.of(limits)), TenantQuota.getDefaultInstance());
  }

  /**
   * The same.
   *
   * @param unknown whether others are in force in part: then more of the two counts
   */
  private void settle(Limited limited, Resources limits, boolean unknown) {
    if (!unknown) {
      allot(limited, limits);
    }
    try {
      limited.settle(host, limits);
    } catch (StoreException e) {
      LOG.log(Level.ERROR, "The limits of " + limited.words() + " could not be stored", e);
    }
  }

  private static RefusedException refused(Limited limited, RuntimeException e) {
    Refusal told = Problems.of(e);
    boolean busy =
        e instanceof CgroupException failed && failed.kind() == CgroupException.Kind.BUSY;
    String why = busy ? ", since more is used and cannot be taken back" : "";
    return new Refusal(
            busy ? Reason.LIMIT_IN_USE : told.reason(),
            "Cannot update " + limited.words() + why + ": " + told.message() + ". " + kept(e),
            told.metadata())
        .exception();
  }

  private static String kept(RuntimeException e) {
    return e.getSuppressed().length == 0
        ? "Nothing was changed."
        : "Some of it was changed and could not be taken back: "
            + e.getSuppressed()[0].getMessage();
  }

  /**
   * Does again what an earlier life has begun.
   *
   * @return what went wrong, as a sentence: then its limits are those from before, as far as they
   *     were not changed
   */
  Optional<String> finish(Limited limited) {
    if (limited.updating().isEmpty()) {
      return Optional.empty();
    }
    Resources before = limited.limits();
    Merged merged = Merged.of(before, limited.updating().get());
    List<SettingChange> changes;
    try {
      Limits.check(merged.all()); // what was set before must not come back by what is set now
      changes = limited.cgroup().update(merged.touched());
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "Failed to finish an update of " + limited.words(), e);
      settle(limited, before);
      return Optional.of(
          "An update of the limits of "
              + limited.words()
              + " was cut off and could not be finished: give it those that it is to have.");
    }
    settle(limited, merged.all());
    recorder.observe(event(limited, merged.all(), changes));
    return Optional.empty();
  }

  private static Event.Builder event(
      Limited limited, Resources resources, List<SettingChange> changes) {
    ResourcesUpdated.Builder updated =
        ResourcesUpdated.newBuilder().setTarget(limited.target()).setResources(resources);
    changes.stream()
        .filter(change -> !change.before().equals(change.after()))
        .map(Updates::change)
        .forEach(updated::addChanges);
    return limited.event().setResourcesUpdated(updated);
  }

  private static ResourcesUpdated.Change change(SettingChange change) {
    return ResourcesUpdated.Change.newBuilder()
        .setFile(change.file())
        .setBefore(change.before())
        .setAfter(change.after())
        .build();
  }
}
