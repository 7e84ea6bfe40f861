package dev.caisson.gateway.http;

import com.google.protobuf.Message;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.netty.channel.ChannelFuture;
import java.util.Optional;

/** How what a call answers goes to its caller. Called on the connection's thread. */
interface Answer {
  /** Before all others. */
  void headers(Metadata headers);

  /**
   * One of what is answered.
   *
   * @param json the message, made where it came from: of a large one that takes long
   */
  void message(Message message, String json);

  /**
   * After all others.
   *
   * @param failure empty: it went well
   * @param trailers what else there is to tell
   * @return done once everything was written
   */
  ChannelFuture end(Optional<StatusRuntimeException> failure, Metadata trailers);

  /** Says, where nothing was said for long, that it goes on. */
  void stillThere();
}
