package dev.caisson.gateway.http;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.caisson.gateway.errors.Errors;
import dev.caisson.proto.v1.Reason;
import dev.caisson.rpc.ServedCalls;
import dev.caisson.rpc.ServedRequest;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshakerFactory;
import io.netty.handler.timeout.IdleStateEvent;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Makes calls of the requests of one connection, one at a time. */
final class HttpConnection extends SimpleChannelInboundHandler<Object> {
  static final String DOCUMENT = "/openapi.json";

  private static final Logger LOG = LoggerFactory.getLogger(HttpConnection.class);

  /** Of one text of a WebSocket, in bytes: 64 KiB of input in base64, and what is around it. */
  private static final int MAX_FRAME = 256 * 1024;

  private static final WebSocketDecoderConfig FRAMES =
      WebSocketDecoderConfig.newBuilder().maxFramePayloadLength(MAX_FRAME).build();

  /** Times in a row that nothing happened on a connection without a call: two minutes. */
  private static final int MAX_IDLE = 8;

  private static final List<String> PASSED_ON =
      List.of("authorization", "traceparent", "tracestate", ServedRequest.HEADER);

  private static final String LAST_EVENT_ID = "last-event-id";

  private final ServedCalls calls;
  private final Router router;
  private final ByteBuf document;
  private @Nullable BridgedCall call;
  private Router.@Nullable Taken conversation;
  private boolean begun;
  private boolean closing;
  private int idle;

  HttpConnection(ServedCalls calls, Router router, ByteBuf document) {
    this.calls = calls;
    this.router = router;
    this.document = document;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, Object message) {
    switch (message) {
      case FullHttpRequest request -> request(context, request);
      case WebSocketFrame frame -> frame(context, frame);
      default -> {}
    }
  }

  private void request(ChannelHandlerContext context, FullHttpRequest request) {
    // Who asks on without reading what he has been answered is owed nothing.
    if (call != null || closing || !context.channel().isWritable()) {
      closing = true;
      var _ = context.close();
      return;
    }
    try {
      serve(context, request);
    } catch (StatusRuntimeException refusal) {
      respond(context, Responses.of(context.channel(), refusal));
    } catch (IllegalArgumentException e) { // what cannot be decoded
      respond(
          context,
          Responses.of(
              context.channel(),
              invalid("The request", "be percent-encoded UTF-8", e.getMessage())));
    }
  }

  private void serve(ChannelHandlerContext context, FullHttpRequest request) {
    if (request.decoderResult().isFailure()) {
      Throwable cause = request.decoderResult().cause();
      var _ =
          context
              .writeAndFlush(
                  Responses.of(
                      context.channel(),
                      unread(cause),
                      invalid("The request", "be HTTP/1.1", cause.getMessage())))
              .addListener(ChannelFutureListener.CLOSE); // where the next one begins is not known
      return;
    }
    String path = new QueryStringDecoder(request.uri()).rawPath();
    String verb = request.method().name();
    if (verb.equals("GET") && path.equals(DOCUMENT)) {
      respond(context, Responses.of(HttpResponseStatus.OK, Responses.JSON, document.duplicate()));
      return;
    }
    Optional<Router.Taken> taken = router.find(verb, path);
    if (taken.isEmpty()) {
      respond(context, noWay(context, verb, path));
    } else if (taken.get().route().isConversation()) {
      converse(context, request, taken.get());
    } else {
      call(context, request, taken.get());
    }
  }

  private static HttpResponseStatus unread(Throwable cause) {
    return switch (cause) {
      case TooLongHttpLineException _ -> HttpResponseStatus.REQUEST_URI_TOO_LONG;
      case TooLongHttpHeaderException _ -> HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE;
      default -> HttpResponseStatus.BAD_REQUEST;
    };
  }

  private static void respond(ChannelHandlerContext context, HttpResponse response) {
    var _ = context.writeAndFlush(response);
  }

  private HttpResponse noWay(ChannelHandlerContext context, String verb, String path) {
    Set<String> verbs = router.verbs(path);
    if (verbs.isEmpty()) {
      return Responses.of(
          context.channel(),
          Errors.of(
              Status.Code.NOT_FOUND,
              Reason.INVALID_NAME.name(),
              "There is no such path: " + cut(path) + "; GET " + DOCUMENT + " says which there are",
              Map.of()));
    }
    HttpResponse response =
        Responses.of(
            context.channel(),
            HttpResponseStatus.METHOD_NOT_ALLOWED,
            invalid("The method", "be one of " + verbs, verb));
    response.headers().set(HttpHeaderNames.ALLOW, String.join(", ", verbs));
    return response;
  }

  private void call(ChannelHandlerContext context, FullHttpRequest request, Router.Taken taken) {
    Message message = message(request, taken);
    Answer answer =
        taken.route().method().isServerStreaming()
            ? new EventStream(context.channel(), request.protocolVersion())
            : new OneAnswer(context.channel());
    BridgedCall started = begin(context, taken.route(), answer, request.headers());
    started.add(message);
    started.endInput();
  }

  private BridgedCall begin(
      ChannelHandlerContext context, Route route, Answer answer, HttpHeaders headers) {
    BridgedCall made =
        new BridgedCall(context.channel(), bridged(route), answer, () -> over(route));
    call = made;
    Metadata metadata = new Metadata();
    for (String name : PASSED_ON) {
      headers
          .getAll(name)
          .forEach(value ->
              metadata.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value));
    }
    made.start(calls, metadata);
    return made;
  }

  private void over(Route route) {
    call = null;
    closing |= route.isConversation();
  }

  @SuppressWarnings("unchecked") // every message of the API is a Message
  private MethodDescriptor<Message, Message> bridged(Route route) {
    return (MethodDescriptor<Message, Message>) calls.method(route.name()).getMethodDescriptor();
  }

  private Message.Builder request(Route route) {
    var marshaller =
        (MethodDescriptor.PrototypeMarshaller<?>)
            calls.method(route.name()).getMethodDescriptor().getRequestMarshaller();
    return ((Message) marshaller.getMessagePrototype()).newBuilderForType();
  }

  private Message message(FullHttpRequest request, Router.Taken taken) {
    Message.Builder builder = request(taken.route());
    body(request, taken.route(), builder);
    QueryStringDecoder query = new QueryStringDecoder(request.uri());
    query.parameters().forEach((field, values) -> JsonText.set(builder, field, values));
    String cursor = request.headers().get(LAST_EVENT_ID, "");
    FieldDescriptor field = builder.getDescriptorForType().findFieldByName(EventStream.CURSOR);
    if (field != null && !cursor.isEmpty()) {
      builder.setField(field, cursor);
    }
    // Last: what the path says of the resource holds.
    taken.variables().forEach((name, value) -> JsonText.set(builder, name, List.of(value)));
    return builder.build();
  }

  private static void body(FullHttpRequest request, Route route, Message.Builder builder) {
    String text = request.content().toString(StandardCharsets.UTF_8);
    if (route.body().isEmpty()) {
      if (!text.isEmpty()) {
        throw invalid("The body", "be empty", cut(text));
      }
      return;
    }
    // Also of an empty one: no page of a browser can say that without being asked first whether it
    // may.
    String type = request.headers().get(HttpHeaderNames.CONTENT_TYPE, "");
    if (!type.toLowerCase(Locale.ROOT).split(";", 2)[0].strip().equals(Responses.JSON)) {
      throw invalid("The header content-type", "be " + Responses.JSON, type);
    }
    if (route.body().equals("*")) {
      JsonText.merge(text, builder);
    } else {
      JsonText.merge(
          text,
          builder.getFieldBuilder(builder.getDescriptorForType().findFieldByName(route.body())));
    }
  }

  private void converse(
      ChannelHandlerContext context, FullHttpRequest request, Router.Taken taken) {
    HttpHeaders headers = request.headers();
    if (!headers.containsValue(HttpHeaderNames.UPGRADE, "websocket", true)) {
      var response =
          Responses.of(
              context.channel(),
              HttpResponseStatus.UPGRADE_REQUIRED,
              invalid("The request", "open a WebSocket", "no upgrade"));
      response.headers().set(HttpHeaderNames.UPGRADE, "websocket");
      respond(context, response);
      return;
    }
    requireSameOrigin(headers);
    if (!new QueryStringDecoder(request.uri()).parameters().isEmpty()) {
      throw invalid("The query", "be empty: the first text says what is wanted", request.uri());
    }
    if (!"13".equals(headers.get(HttpHeaderNames.SEC_WEBSOCKET_VERSION))) {
      var _ = WebSocketServerHandshakerFactory.sendUnsupportedVersionResponse(context.channel());
      return;
    }
    if (!headers.contains(HttpHeaderNames.SEC_WEBSOCKET_KEY)) {
      throw invalid("The header sec-websocket-key", "be given", "");
    }
    WebSocketServerHandshaker handshaker =
        new WebSocketServerHandshakerFactory(request.uri(), null, FRAMES).newHandshaker(request);
    if (handshaker == null) {
      var _ = WebSocketServerHandshakerFactory.sendUnsupportedVersionResponse(context.channel());
      return;
    }
    context.pipeline().remove(Arrival.FirstByte.class);
    context.pipeline().remove(Arrival.class);
    context.pipeline().addBefore(context.name(), null, new WebSocketFrameAggregator(MAX_FRAME));
    HttpHeaders kept = headers.copy();
    conversation = taken;
    var _ =
        handshaker
            .handshake(context.channel(), request)
            .addListener(done -> {
              if (done.isSuccess()) {
                begin(context, taken.route(), new Conversation(context.channel()), kept);
              }
            });
  }

  /** A page of another site may not use what its visitor can. */
  private static void requireSameOrigin(HttpHeaders headers) {
    String origin = headers.get(HttpHeaderNames.ORIGIN, "");
    String host = headers.get(HttpHeaderNames.HOST, "");
    if (!origin.isEmpty() && !origin.replaceFirst("^[a-z]+://", "").equals(host)) {
      throw Errors.of(
          Status.Code.PERMISSION_DENIED,
          Reason.NOT_ALLOWED.name(),
          "The header origin must be that of the gateway itself: " + cut(origin),
          Map.of());
    }
  }

  private void frame(ChannelHandlerContext context, WebSocketFrame frame) {
    BridgedCall current = call;
    Router.Taken taken = conversation;
    switch (frame) {
      case CloseWebSocketFrame close -> {
        if (closing) {
          var _ = context.close();
          return;
        }
        closing = true;
        var _ =
            context
                .writeAndFlush(close.retain())
                .addListener(ChannelFutureListener.CLOSE); // which cancels the call
      }
      case WebSocketFrame _ when closing -> {} // until he has read that it is over
      case PingWebSocketFrame ping -> {
        if (context.channel().isWritable()) { // RFC 6455, 5.5.3: not each must be answered
          var _ = context.writeAndFlush(new PongWebSocketFrame(ping.content().retain()));
        }
      }
      case BinaryWebSocketFrame end when current != null && !end.content().isReadable() ->
          current.endInput();
      case TextWebSocketFrame text when current != null && taken != null -> {
        try {
          current.add(part(text.text(), taken));
        } catch (StatusRuntimeException refusal) {
          current.close(
              refusal.getStatus(),
              Optional.ofNullable(Status.trailersFromThrowable(refusal)).orElseGet(Metadata::new));
        }
      }
      case PongWebSocketFrame _ -> {}
      default -> {
        var _ = context.close();
      }
    }
  }

  /** The first is of what the path names. */
  private Message part(String text, Router.Taken taken) {
    Message.Builder builder = request(taken.route());
    JsonText.merge(text, builder);
    if (!begun) {
      begun = true;
      taken.variables().forEach((name, value) -> JsonText.set(builder, name, List.of(value)));
    }
    return builder.build();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (call != null) {
      call.ready();
    }
    context.fireChannelWritabilityChanged();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    if (call != null) {
      call.cancel();
      call = null;
    }
    context.fireChannelInactive();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (!(event instanceof IdleStateEvent)) {
      context.fireUserEventTriggered(event);
    } else if (call != null) {
      idle = 0;
      call.stillThere();
    } else if (++idle >= MAX_IDLE) {
      var _ = context.close();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // The caller went away, or speaks neither TLS nor HTTP.
    Level level =
        cause instanceof IOException || cause instanceof DecoderException
            ? Level.DEBUG
            : Level.WARN;
    LOG.atLevel(level).log("A connection was closed: {}", cause.toString());
    var _ = context.close();
  }

  private static StatusRuntimeException invalid(String what, String rule, @Nullable String value) {
    return Errors.invalid(Reason.INVALID_FIELD, what, rule, String.valueOf(value));
  }

  private static String cut(String text) {
    int most = 200;
    return text.length() <= most ? text : text.substring(0, most) + "…";
  }
}
