package dev.caisson.gateway.http;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.Optional;

/**
 * Messages as server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html. A
 * message's cursor is its event's id, with which a client that was cut off goes on.
 */
final class EventStream implements Answer {
  static final String TYPE = "text/event-stream";
  static final String CURSOR = "cursor";

  private final Channel channel;
  private Metadata headers = new Metadata();
  private final boolean chunked;
  private boolean begun;

  /**
   * Of one request.
   *
   * @param version of the caller's HTTP: what has no length ends with the connection in 1.0
   */
  EventStream(Channel channel, HttpVersion version) {
    this.channel = channel;
    this.chunked = version.isKeepAliveDefault();
  }

  @Override
  public void headers(Metadata more) {
    headers = more; // a failure before the first event has its own status
  }

  private void begin() {
    if (!begun) {
      begun = true;
      var response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
      Responses.settle(response, TYPE);
      if (chunked) {
        HttpUtil.setTransferEncodingChunked(response, true);
      } else {
        HttpUtil.setKeepAlive(response, false);
      }
      Responses.tell(response.headers(), headers);
      var _ = channel.writeAndFlush(response);
    }
  }

  @Override
  public void message(Message message, String json) {
    begin();
    String cursor = cursor(message);
    write((cursor.isEmpty() ? "" : "id: " + cursor + "\n") + "data: " + json);
  }

  private static String cursor(Message message) {
    FieldDescriptor field = message.getDescriptorForType().findFieldByName(CURSOR);
    return field == null ? "" : String.valueOf(message.getField(field));
  }

  @Override
  public ChannelFuture end(Optional<StatusRuntimeException> failure, Metadata trailers) {
    if (failure.isPresent() && !begun) {
      FullHttpResponse response = Responses.of(channel, failure.get());
      Responses.tell(response.headers(), headers);
      Responses.tell(response.headers(), trailers);
      return channel.writeAndFlush(response);
    }
    begin();
    failure.ifPresent(error -> write("event: error\ndata: " + JsonText.of(error)));
    return channel.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
  }

  @Override
  public void stillThere() {
    begin();
    write(":");
  }

  private void write(String event) {
    var _ =
        channel.writeAndFlush(
            new DefaultHttpContent(ByteBufUtil.writeUtf8(channel.alloc(), event + "\n\n")));
  }
}
