package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Allotted;
import dev.caisson.executor.cgroup.Cgroup;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.executor.v1.TenantQuota;
import dev.caisson.proto.types.v1.Resources;
import java.util.List;
import java.util.Optional;

/** Whose limits they are. In the sandbox's queue. */
sealed interface Limited {
  /** {@code container}, {@code sandbox}. */
  String target();

  /** {@code container web}. */
  String words();

  Cgroup cgroup();

  /** As its record says that they hold. */
  Resources limits();

  /** What an earlier life of the executor was changing. */
  Optional<Resources> updating();

  /** On the disk only: nothing is changed so far. */
  void begin(Host host, Resources asked);

  /** As {@link Allotments} says. */
  void take(Allotments allotments, List<Allotted> limits, TenantQuota quota);

  /** They hold now. */
  void settle(Host host, Resources limits);

  Event.Builder event();

  /** One container's. */
  record OfContainer(Container container) implements Limited {
    private ContainerRecord record() {
      return container.record();
    }

    @Override
    public String target() {
      return "container";
    }

    @Override
    public String words() {
      return "container " + record().getId();
    }

    @Override
    public Cgroup cgroup() {
      return container.cgroup();
    }

    @Override
    public Resources limits() {
      return record().getSpec().getResources();
    }

    @Override
    public Optional<Resources> updating() {
      return record().hasUpdating() ? Optional.of(record().getUpdating()) : Optional.empty();
    }

    @Override
    public void take(Allotments allotments, List<Allotted> limits, TenantQuota quota) {
      String sandbox = container.sandbox().record().getId();
      allotments.takeContainer(record().getTenant(), sandbox, record().getId(), limits, quota);
    }

    @Override
    public void begin(Host host, Resources asked) {
      host.store().put(record().toBuilder().setUpdating(asked).build());
    }

    @Override
    public void settle(Host host, Resources limits) {
      ContainerRecord.Builder settled = record().toBuilder().clearUpdating();
      settled.getSpecBuilder().setResources(limits);
      container.record(settled.build());
      host.store().put(container.record());
    }

    @Override
    public Event.Builder event() {
      return Recorder.event(container);
    }
  }

  /** Those around all containers of a sandbox. */
  record OfSandbox(Sandbox sandbox) implements Limited {
    private SandboxRecord record() {
      return sandbox.record();
    }

    @Override
    public String target() {
      return "sandbox";
    }

    @Override
    public String words() {
      return "sandbox " + record().getId();
    }

    @Override
    public Cgroup cgroup() {
      return sandbox.cgroup();
    }

    @Override
    public Resources limits() {
      return record().getResources();
    }

    @Override
    public Optional<Resources> updating() {
      return record().hasUpdating() ? Optional.of(record().getUpdating()) : Optional.empty();
    }

    @Override
    public void take(Allotments allotments, List<Allotted> limits, TenantQuota quota) {
      allotments.changeSandbox(record().getTenant(), record().getId(), limits, quota);
    }

    @Override
    public void begin(Host host, Resources asked) {
      host.store().put(record().toBuilder().setUpdating(asked).build());
    }

    @Override
    public void settle(Host host, Resources limits) {
      sandbox.record(record().toBuilder().clearUpdating().setResources(limits).build());
      host.store().put(sandbox.record());
    }

    @Override
    public Event.Builder event() {
      return Recorder.event(record());
    }
  }
}
