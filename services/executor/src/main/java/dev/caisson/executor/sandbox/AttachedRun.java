package dev.caisson.executor.sandbox;

import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.proto.types.v1.ContainerState;

/**
 * A container that is made, started, attached to and deleted by one call: always the same one,
 * whatever else has got its id meanwhile.
 */
public final class AttachedRun {
  private final Node node;
  private final Containers containers;
  private final Container container;
  private final boolean made;
  private final Ask ask;
  private final Actor actor;
  private boolean attached;

  /**
   * @param made false when an earlier call of the same request has made it
   */
  AttachedRun(Node node, Containers containers, Container container, boolean made, Ask ask) {
    this.node = node;
    this.containers = containers;
    this.container = container;
    this.made = made;
    this.ask = ask;
    this.actor = ask.actor();
  }

  public dev.caisson.proto.executor.v1.Container view() {
    return Views.of(container);
  }

  public AttachedProcess attach() {
    AttachedProcess process = node.attach(container, actor);
    attached = true;
    return process;
  }

  /** Unless an earlier call of the same request has started it. */
  public dev.caisson.proto.executor.v1.Container start() {
    if (made || container.record().getState() == ContainerState.CREATED) {
      containers.start(container, ask);
    }
    return view();
  }

  /** Runs what ends with the deletion. */
  public void later(Runnable task) {
    node.deletions().execute(task);
  }

  /** Its process has ended, and the caller knows. */
  public void end() {
    try {
      containers.delete(container, true, Ask.part(actor));
    } catch (RefusedException e) {
      if (e.refusal().reason() != Reason.CONTAINER_NOT_FOUND) { // somebody else was faster
        throw e;
      }
    } catch (RuntimeException e) {
      left(); // nobody else will
      throw e;
    }
  }

  /** It could not be begun. Another call's is left alone. */
  public void giveUp() {
    if (attached) {
      var _ = container.attachments().leave();
    }
    if (made) {
      end();
    } else if (attached) {
      left();
    }
  }

  /** Its caller has gone. */
  public void left() {
    node.broken(container, actor);
  }
}
