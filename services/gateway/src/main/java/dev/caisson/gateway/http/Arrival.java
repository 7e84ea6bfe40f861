package dev.caisson.gateway.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Bounds what requests cost before it is known whose they are: each has to be there in time, and
 * all that are not yet have so many bytes together. What says where it ends in any way but one is
 * not read at all.
 */
final class Arrival extends ChannelInboundHandlerAdapter {
  /** Of bodies that are not there yet, of all connections, in bytes. */
  private static final long MOST = 32 << 20;

  private static final long SECONDS = 30;

  private final AtomicLong total;
  private long own;
  private @Nullable Future<?> deadline;

  /**
   * Of one connection.
   *
   * @param total of bytes, of all connections
   */
  Arrival(AtomicLong total) {
    this.total = total;
  }

  /** Before the codec: the first byte of a request begins its time. */
  static final class FirstByte extends ChannelInboundHandlerAdapter {
    private final Arrival arrival;

    FirstByte(Arrival arrival) {
      this.arrival = arrival;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
      arrival.begin(context);
      context.fireChannelActive();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (message instanceof ByteBuf) {
        arrival.begin(context);
      }
      context.fireChannelRead(message);
    }
  }

  private void begin(ChannelHandlerContext context) {
    if (deadline == null) {
      deadline = context.executor().schedule(() -> closed(context), SECONDS, TimeUnit.SECONDS);
    }
  }

  private static void closed(ChannelHandlerContext context) {
    var _ = context.close();
  }

  private void end() {
    if (deadline != null) {
      deadline.cancel(false);
      deadline = null;
    }
    total.addAndGet(-own);
    own = 0;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (message instanceof HttpRequest request && isAmbiguous(request)) {
      ReferenceCountUtil.release(message);
      var _ = context.close();
      return;
    }
    if (message instanceof HttpContent part) {
      int bytes = part.content().readableBytes();
      own += bytes;
      if (total.addAndGet(bytes) > MOST) {
        ReferenceCountUtil.release(message);
        var _ = context.close();
        return;
      }
    }
    boolean last = message instanceof LastHttpContent;
    context.fireChannelRead(message);
    if (last) {
      end();
    }
  }

  /** RFC 9112, 6.1 and 6.3: `chunked`, once, and nothing else. */
  private static boolean isAmbiguous(HttpRequest request) {
    List<String> encodings = request.headers().getAll(HttpHeaderNames.TRANSFER_ENCODING);
    boolean chunked =
        encodings.size() == 1 && encodings.getFirst().strip().equalsIgnoreCase("chunked");
    return !encodings.isEmpty()
        && (!chunked || request.headers().contains(HttpHeaderNames.CONTENT_LENGTH));
  }

  /** A WebSocket's bytes are no requests. */
  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    end();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    end();
    context.fireChannelInactive();
  }
}
