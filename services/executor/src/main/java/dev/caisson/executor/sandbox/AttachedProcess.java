package dev.caisson.executor.sandbox;

import dev.caisson.proto.executor.v1.ProcessInfo;
import dev.caisson.proto.types.v1.ExitStatus;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntConsumer;
import java.util.function.Supplier;

/**
 * A process to which a caller is attached.
 *
 * @param info what it is like now; reads procfs
 * @param streams empty where it has /dev/null
 * @param exit when it has ended
 * @param signal sends one to it
 * @param detach nobody need come back: what there is of a lease is given up; before the release
 * @param told the caller knows the end, and has taken all output: nobody comes back for any; before
 *     the release
 * @param release the caller has gone: runs once, whichever way it went
 */
public record AttachedProcess(
    Supplier<ProcessInfo> info,
    Optional<ProcessStreams> streams,
    CompletableFuture<ExitStatus> exit,
    IntConsumer signal,
    Runnable detach,
    Runnable told,
    Runnable release) {

  /** The same, with something more to be done when the caller has gone. */
  AttachedProcess afterRelease(Runnable then) {
    return new AttachedProcess(
        info,
        streams,
        exit,
        signal,
        detach,
        told,
        () -> {
          release.run();
          then.run();
        });
  }
}
