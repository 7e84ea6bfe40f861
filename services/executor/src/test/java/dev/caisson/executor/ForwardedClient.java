package dev.caisson.executor;

import com.google.protobuf.ByteString;
import dev.caisson.proto.executor.v1.ForwardPort;
import dev.caisson.proto.executor.v1.PortForwardRequest;
import dev.caisson.proto.executor.v1.PortForwardResponse;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The caller's side of PortForward. Keeps the beginning of what comes, and a digest of all. */
final class ForwardedClient
    implements ClientResponseObserver<PortForwardRequest, PortForwardResponse> {
  static final int PIECE = 16 * 1024;
  private static final int KEPT = 1 << 16;

  private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
  private final MessageDigest digest;
  private final CompletableFuture<String> opened = new CompletableFuture<>();
  private final CompletableFuture<@Nullable Void> endOfData = new CompletableFuture<>();
  private final CompletableFuture<@Nullable Void> completed = new CompletableFuture<>();
  private final boolean slow;
  private ClientCallStreamObserver<PortForwardRequest> call;
  private long count;

  private ForwardedClient(boolean slow, MessageDigest digest) {
    this.slow = slow;
    this.digest = digest;
  }

  static ForwardedClient to(TestNode node, String container, int port) {
    return begin(node, request(container, port), false);
  }

  static ForwardPort.Builder request(String container, int port) {
    return ForwardPort.newBuilder()
        .setActor(TestNode.actor())
        .setTenant(TestNode.TENANT)
        .setContainerId(container)
        .setPort(port);
  }

  /**
   * With any request.
   *
   * @param slow whether it takes nothing by itself but that it is opened
   */
  static ForwardedClient begin(TestNode node, ForwardPort.Builder request, boolean slow) {
    return begin(node, PortForwardRequest.newBuilder().setForward(request).build(), slow);
  }

  static ForwardedClient begin(TestNode node, PortForwardRequest first, boolean slow) {
    try {
      ForwardedClient client = new ForwardedClient(slow, MessageDigest.getInstance("SHA-256"));
      node.async().portForward(client).onNext(first);
      return client;
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<PortForwardRequest> observer) {
    call = observer;
    if (slow) {
      observer.disableAutoRequestWithInitial(1);
    }
  }

  @Override
  public void onNext(PortForwardResponse message) {
    switch (message.getMessageCase()) {
      case OPENED -> opened.complete(message.getOpened().getId());
      case DATA -> take(message.getData());
      case END_OF_DATA -> endOfData.complete(null);
      case MESSAGE_NOT_SET -> throw new AssertionError("empty message");
    }
  }

  private synchronized void take(ByteString data) {
    count += data.size();
    data.asReadOnlyByteBufferList().forEach(digest::update);
    if (kept.size() < KEPT) {
      kept.writeBytes(data.toByteArray());
    }
  }

  @Override
  public void onError(Throwable t) {
    opened.completeExceptionally(t);
    endOfData.completeExceptionally(t);
    completed.completeExceptionally(t);
  }

  @Override
  public void onCompleted() {
    completed.complete(null);
  }

  ForwardedClient send(String text) {
    return send(ByteString.copyFromUtf8(text));
  }

  ForwardedClient send(ByteString data) {
    call.onNext(PortForwardRequest.newBuilder().setData(data).build());
    return this;
  }

  boolean isReady() {
    return call.isReady();
  }

  ForwardedClient send(PortForwardRequest message) {
    call.onNext(message);
    return this;
  }

  ForwardedClient endInput() {
    call.onCompleted();
    return this;
  }

  void cancel() {
    call.cancel("enough", null);
  }

  void request(int messages) {
    call.request(messages);
  }

  /** Once that is known. */
  boolean isOpened() {
    try {
      return !opened.get(TestNode.PATIENCE.toSeconds(), TimeUnit.SECONDS).isEmpty();
    } catch (ExecutionException e) {
      return false;
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError("it must be opened or not", e);
    }
  }

  /** Its id. */
  String awaitOpened() {
    return await(opened);
  }

  ForwardedClient awaitEndOfData() {
    await(endOfData);
    return this;
  }

  void awaitCompleted() {
    await(completed);
  }

  Throwable failure() {
    try {
      completed.get(TestNode.PATIENCE.toSeconds(), TimeUnit.SECONDS);
      throw new AssertionError("the call must fail");
    } catch (ExecutionException e) {
      return e.getCause();
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError("the call must end", e);
    }
  }

  boolean hasEnded() {
    return completed.isDone();
  }

  private static <T> T await(CompletableFuture<T> future) {
    try {
      return future.get(60, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new AssertionError("the call failed", e.getCause());
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError("the call must go on", e);
    }
  }

  synchronized String text() {
    return kept.toString(StandardCharsets.UTF_8);
  }

  synchronized long count() {
    return count;
  }

  synchronized byte[] sha256() {
    return digest.digest();
  }

  ForwardedClient awaitText(String text) {
    TestNode.eventually("it says " + text, () -> text().contains(text));
    return this;
  }
}
