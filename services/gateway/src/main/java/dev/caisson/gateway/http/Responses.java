package dev.caisson.gateway.http;

import dev.caisson.rpc.ServedRequest;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Responses and what all of them have. */
final class Responses {
  static final String JSON = "application/json";

  private static final Metadata.Key<byte[]> WARNING =
      Metadata.Key.of("caisson-warning-bin", Metadata.BINARY_BYTE_MARSHALLER);

  private static final Metadata.Key<String> REQUEST =
      Metadata.Key.of(ServedRequest.HEADER, Metadata.ASCII_STRING_MARSHALLER);

  private Responses() {}

  /** A whole one. */
  static DefaultFullHttpResponse of(
      Channel channel, HttpResponseStatus status, String type, String text) {
    return of(status, type, ByteBufUtil.writeUtf8(channel.alloc(), text));
  }

  /** The same of bytes. */
  static DefaultFullHttpResponse of(HttpResponseStatus status, String type, ByteBuf content) {
    var response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, content);
    settle(response, type);
    HttpUtil.setContentLength(response, content.readableBytes());
    return response;
  }

  static DefaultFullHttpResponse of(Channel channel, StatusRuntimeException error) {
    return of(channel, HttpCodes.of(error.getStatus().getCode()), error);
  }

  static DefaultFullHttpResponse of(
      Channel channel, HttpResponseStatus status, StatusRuntimeException error) {
    DefaultFullHttpResponse response = of(channel, status, JSON, JsonText.of(error) + "\n");
    if (error.getStatus().getCode() == Status.Code.UNAUTHENTICATED) {
      response.headers().set(HttpHeaderNames.WWW_AUTHENTICATE, "Bearer"); // RFC 9110, 15.5.2
    }
    return response;
  }

  static void settle(HttpMessage response, String type) {
    response
        .headers()
        .set(HttpHeaderNames.CONTENT_TYPE, type)
        .set(HttpHeaderNames.CACHE_CONTROL, "no-store")
        .set("x-content-type-options", "nosniff");
  }

  /** What a call's metadata has for its caller: its name, and what policies warn of. */
  static void tell(HttpHeaders headers, Metadata metadata) {
    @Nullable String request = metadata.get(REQUEST);
    if (request != null) {
      headers.set(ServedRequest.HEADER, request);
    }
    warn(headers, metadata);
  }

  /** Percent-encoded UTF-8. */
  private static void warn(HttpHeaders headers, Metadata metadata) {
    Iterable<byte[]> warnings = metadata.getAll(WARNING);
    if (warnings != null) {
      warnings.forEach(one ->
          headers.add(
              "caisson-warning",
              URLEncoder.encode(new String(one, StandardCharsets.UTF_8), StandardCharsets.UTF_8)
                  .replace("+", "%20")));
    }
  }
}
