package dev.caisson.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.Message;
import dev.caisson.proto.v1.Authorization;
import dev.caisson.proto.v1.AuthorizationProto;
import dev.caisson.proto.v1.ServiceProto;
import dev.caisson.rpc.RpcErrors;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every method with every kind of request that cannot be, from the descriptors: one that is added
 * is tried, too. Each is refused in words, as the caller's mistake, and nothing reaches the
 * executor or the auditor.
 */
@Timeout(60)
class HostileInputTest {
  private static final int TOO_LARGE = 5 << 20;
  private static final int TOO_DEEP = 200;
  private static final int GROUP_START = 3;

  private static final Set<Status.Code> MISTAKES =
      Set.of(
          Status.Code.INVALID_ARGUMENT, Status.Code.RESOURCE_EXHAUSTED, Status.Code.OUT_OF_RANGE);

  /** Of resources: no tenant, another kind, a way out, without end, what no line can hold. */
  private static final List<String> NAMES =
      List.of(
          "",
          "/",
          "tenants",
          "tenants/",
          "tenants/..",
          "tenants/../sandboxes/x",
          "tenants/a/sandboxes/b/containers/c/processes/d",
          "sandboxes/a",
          "tenants/a b",
          "tenants/a\u0000",
          "tenants/a\n",
          "tenants/é",
          "tenants/" + "a".repeat(10_000));

  @TempDir static Path directory;
  private static GatewayFixture gateway;

  @BeforeAll
  static void start() throws Exception {
    gateway = GatewayFixture.start(directory);
  }

  @AfterAll
  static void stop() throws Exception {
    gateway.close();
  }

  @BeforeEach
  void forget() {
    gateway.executor.requests.clear();
    gateway.auditor.requests.clear();
  }

  static Stream<Arguments> requests() {
    return Stream.of(
            ServiceProto.getDescriptor(), dev.caisson.proto.audit.v1.ServiceProto.getDescriptor())
        .flatMap(file -> file.getServices().stream())
        .flatMap(service -> service.getMethods().stream())
        .flatMap(method ->
            Stream.concat(
                Stream.of(
                    Arguments.of(
                        method, "no message", ByteString.copyFrom(new byte[] {-1, -1, -1})),
                    Arguments.of(method, "text that is not UTF-8", notText(method)),
                    Arguments.of(method, "a field that nobody knows", unknown(method)),
                    Arguments.of(method, "nested too deep", deep()),
                    Arguments.of(method, "too large", ByteString.copyFrom(new byte[TOO_LARGE]))),
                names(method)
                    .map(name ->
                        Arguments.of(
                            method,
                            "named " + name.substring(0, Math.min(20, name.length())),
                            named(method, name).toByteString()))));
  }

  /** Those that name nothing there: any word is a tenant's id, and none means all. */
  private static Stream<String> names(MethodDescriptor method) {
    Authorization rule = rule(method);
    return rule.getAllTenants()
        ? Stream.of()
        : NAMES.stream().filter(name -> rule.getTenant().isEmpty() || !name.matches("[a-z]*"));
  }

  private static Authorization rule(MethodDescriptor method) {
    return method.getOptions().getExtension(AuthorizationProto.authorization);
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("requests")
  void isRefusedInWords(MethodDescriptor method, String kind, ByteString request) throws Exception {
    StatusRuntimeException refusal = refusal(method, request);
    assertThat(refusal.getStatus().getCode()).isIn(MISTAKES);
    assertThat(refusal.getStatus().getDescription()).hasSizeBetween(10, RpcErrors.MAX_TEXT);
    assertThat(gateway.executor.requests).isEmpty();
    assertThat(gateway.auditor.requests).isEmpty();
  }

  private static StatusRuntimeException refusal(MethodDescriptor method, ByteString request)
      throws Exception {
    CompletableFuture<StatusRuntimeException> end = new CompletableFuture<>();
    ClientCall<ByteString, ByteString> call =
        gateway.channel.newCall(
            io.grpc.MethodDescriptor.newBuilder(new Bytes(), new Bytes())
                .setType(method.isClientStreaming() ? MethodType.BIDI_STREAMING : MethodType.UNARY)
                .setFullMethodName(method.getService().getFullName() + "/" + method.getName())
                .build(),
            CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onClose(Status status, Metadata trailers) {
            end.complete(status.asRuntimeException(trailers));
          }
        },
        new Metadata());
    call.request(1);
    call.sendMessage(request);
    call.halfClose();
    return end.get(20, TimeUnit.SECONDS);
  }

  private record Bytes() implements Marshaller<ByteString> {
    @Override
    public InputStream stream(ByteString value) {
      return new ByteArrayInputStream(value.toByteArray());
    }

    @Override
    public ByteString parse(InputStream stream) {
      try {
        return ByteString.readFrom(stream);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static Message named(MethodDescriptor method, String name) {
    DynamicMessage.Builder request = DynamicMessage.newBuilder(method.getInputType());
    Message.Builder at = request;
    String[] path = path(method).split("\\.", -1);
    for (int i = 0; i < path.length - 1; i++) {
      at = at.getFieldBuilder(at.getDescriptorForType().findFieldByName(path[i]));
    }
    FieldDescriptor field = at.getDescriptorForType().findFieldByName(path[path.length - 1]);
    at.setField(field, name);
    return request.build();
  }

  /** To the text that names what is meant. */
  private static String path(MethodDescriptor method) {
    Authorization rule = rule(method);
    if (rule.getAllTenants()) {
      return method.getInputType().getFields().getFirst().getName();
    }
    return rule.getTenant().isEmpty() ? rule.getResource() : rule.getTenant();
  }

  /** The name of the resource has a byte that no UTF-8 has. */
  private static ByteString notText(MethodDescriptor method) {
    byte[] bytes = named(method, "tenants/@").toByteArray();
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == '@') {
        bytes[i] = (byte) 0xff;
      }
    }
    return ByteString.copyFrom(bytes);
  }

  private static ByteString unknown(MethodDescriptor method) {
    return written(out -> {
      out.writeRawBytes(named(method, "tenants/a").toByteString());
      out.writeString(4711, "x");
    });
  }

  /** Groups in groups. */
  private static ByteString deep() {
    return written(out -> {
      for (int i = 0; i < TOO_DEEP; i++) {
        out.writeTag(4711, GROUP_START);
      }
    });
  }

  private interface Writing {
    void to(CodedOutputStream out) throws IOException;
  }

  private static ByteString written(Writing writing) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    try {
      writing.to(out);
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return ByteString.copyFrom(bytes.toByteArray());
  }
}
