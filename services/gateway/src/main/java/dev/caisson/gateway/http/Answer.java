package dev.caisson.gateway.http;

import com.google.protobuf.Message;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import java.util.Optional;

/** How what a call answers goes to its caller. Called on the connection's thread. */
interface Answer {
  /** Before all others. */
  void headers(Metadata headers);

  void message(Message message);

  /**
   * After all others.
   *
   * @param failure empty: it went well
   * @param trailers what else there is to tell
   */
  void end(Optional<StatusRuntimeException> failure, Metadata trailers);

  /** Says, where nothing was said for long, that it goes on. */
  void stillThere();
}
