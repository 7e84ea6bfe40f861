package dev.caisson.testing;

import static dev.caisson.testing.Failures.assertErrno;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Files;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.Pair;
import dev.caisson.linux.Received;
import dev.caisson.linux.SocketStatus;
import dev.caisson.linux.Sockets;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@link Sockets} promises, whoever keeps it. */
abstract class SocketsContract {
  private Files files;
  private Sockets sockets;

  abstract Kernel kernel();

  /** An empty directory. */
  abstract Path directory();

  @BeforeEach
  final void open() {
    files = kernel().files();
    sockets = kernel().sockets();
  }

  @Test
  final void keepsMessagesApart() {
    try (Pair pair = sockets.pair()) {
      sockets.send(pair.first(), bytes("one"), List.of());
      sockets.send(pair.first(), bytes("three"), List.of());

      assertThat(receive(pair.second())).isEqualTo("one");
      assertThat(receive(pair.second())).isEqualTo("three");
    }
  }

  @Test
  final void aStreamIsNotConnectedToASocketOfMessages() {
    Path path = directory().resolve("messages");
    try (Fd listener = sockets.listen(path, 1)) {
      assertErrno(Errno.EPROTOTYPE, () -> sockets.connectStream(path));
      assertThat(listener.isOpen()).isTrue();
    }
  }

  @Test
  final void sendsBothWaysFromEitherKindOfBuffer() {
    try (Pair pair = sockets.pair()) {
      ByteBuffer direct = ByteBuffer.allocateDirect(4).put(bytes("abcd")).flip().position(1);
      sockets.send(pair.second(), direct, List.of());
      ByteBuffer into = ByteBuffer.allocateDirect(10).position(2);

      assertThat(sockets.receive(pair.first(), into).bytes()).isEqualTo(3);
      assertThat(into.position()).isEqualTo(5);
      assertThat(into.get(2)).isEqualTo((byte) 'b');
      assertThat(direct.hasRemaining()).isFalse();
    }
  }

  @Test
  final void descriptorsTravelBeside() {
    try (Pair pair = sockets.pair();
        Fd first = files.memory("first", 1);
        Fd second = files.memory("second", 2)) {
      sockets.send(pair.first(), bytes("x"), List.of(first, second));
      Received received = sockets.receive(pair.second(), ByteBuffer.allocate(10));

      assertThat(received.descriptors())
          .extracting(fd -> files.status(fd).size())
          .containsExactly(1L, 2L);
      assertThat(first.isOpen()).isTrue();
      received.descriptors().forEach(Fd::close);
    }
  }

  @Test
  final void aDescriptorOnItsWayStaysOpen() {
    try (Pair pair = sockets.pair()) {
      Fd memory = files.memory("m", 5);
      sockets.send(pair.first(), bytes("x"), List.of(memory));
      memory.close();

      try (Fd arrived =
          sockets.receive(pair.second(), ByteBuffer.allocate(1)).descriptors().getFirst()) {
        assertThat(files.status(arrived).size()).isEqualTo(5);
      }
    }
  }

  @Test
  final void endsWithTheOtherEndAfterItsLastMessage() {
    try (Pair pair = sockets.pair()) {
      sockets.send(pair.first(), bytes("last"), List.of());
      pair.first().close();

      assertThat(receive(pair.second())).isEqualTo("last");
      assertThat(sockets.receive(pair.second(), ByteBuffer.allocate(1)))
          .isEqualTo(new Received(0, List.of()));
      assertErrno(Errno.EPIPE, () -> sockets.send(pair.second(), bytes("x"), List.of()));
    }
  }

  @Test
  final void tellsThatItWouldBlock() {
    try (Pair pair = sockets.pair()) {
      files.setBlocking(pair.first(), false);

      assertThat(sockets.receive(pair.first(), ByteBuffer.allocate(1)).bytes())
          .isEqualTo(Files.WOULD_BLOCK);
    }
  }

  @Test
  final void aFullQueueIsRefusedWhenItMustNotBlock() {
    try (Pair pair = sockets.pair()) {
      files.setBlocking(pair.first(), false);

      assertErrno(
          Errno.EAGAIN,
          () -> {
            for (int i = 0; i < 100_000; i++) {
              sockets.send(pair.first(), bytes("x"), List.of());
            }
          });
    }
  }

  @Test
  final void aFullQueueIsNotWaitedForAtOnce() {
    try (Pair pair = sockets.pair()) {
      assertErrno(
          Errno.EAGAIN,
          () -> {
            for (int i = 0; i < 100_000; i++) {
              sockets.sendAtOnce(pair.first(), bytes("x"), List.of());
            }
          });
      assertThat(receive(pair.second())).isEqualTo("x");
    }
  }

  @Test
  final void tellsWhoIsAtTheOtherEnd() {
    try (Fd listener = sockets.listen(directory().resolve("socket"), 1);
        Fd client = sockets.connect(directory().resolve("socket"));
        Fd server = sockets.accept(listener);
        Fd memory = files.memory("m", 1)) {
      assertThat(sockets.peer(server)).isEqualTo(sockets.peer(client));
      assertThat(sockets.peer(server).pid()).isPositive();
      assertErrno(Errno.ENOTSOCK, () -> sockets.peer(memory));
      assertThat(sockets.status(listener)).isEqualTo(new SocketStatus(true, true, false, false));
      assertThat(sockets.status(client)).isEqualTo(new SocketStatus(true, false, true, true));
      assertThat(sockets.status(server)).isEqualTo(new SocketStatus(true, false, true, false));
      assertErrno(Errno.ENOTSOCK, () -> sockets.status(memory));
    }
    try (Pair pair = sockets.pair()) {
      assertThat(sockets.status(pair.first()))
          .isEqualTo(new SocketStatus(true, false, true, false));
    }
  }

  @Test
  final void aMessageThatDoesNotFitIsLostWhole() {
    try (Pair pair = sockets.pair();
        Fd memory = files.memory("m", 1)) {
      sockets.send(pair.first(), bytes("too long"), List.of(memory));
      sockets.send(pair.first(), bytes("next"), List.of());

      assertErrno(Errno.EMSGSIZE, () -> sockets.receive(pair.second(), ByteBuffer.allocate(7)));
      assertThat(receive(pair.second())).isEqualTo("next");
    }
  }

  @Test
  final void refusesAnEmptyMessageAndTooManyDescriptors() {
    try (Pair pair = sockets.pair()) {
      List<Fd> tooMany = Collections.nCopies(Sockets.MAX_DESCRIPTORS + 1, pair.first());

      assertThatThrownBy(() -> sockets.send(pair.first(), bytes(""), List.of()))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> sockets.send(pair.first(), bytes("x"), tooMany))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> sockets.receive(pair.first(), ByteBuffer.allocate(0)))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  final void refusesClosedDescriptors() {
    try (Pair pair = sockets.pair()) {
      Fd closed = files.memory("m", 1);
      closed.close();

      assertErrno(Errno.EBADF, () -> sockets.send(pair.first(), bytes("x"), List.of(closed)));
      assertThat(sockets.awaitReadable(pair.second(), Duration.ZERO)).isFalse();
    }
  }

  @Test
  final void onlySocketsSendAndReceive() {
    try (Fd memory = files.memory("m", 1)) {
      assertErrno(Errno.ENOTSOCK, () -> sockets.send(memory, bytes("x"), List.of()));
      assertErrno(Errno.ENOTSOCK, () -> sockets.receive(memory, ByteBuffer.allocate(1)));
    }
  }

  @Test
  final void connectsByPath() {
    Path path = directory().resolve("socket");
    try (Fd listener = sockets.listen(path, 1)) {
      assertThat(sockets.awaitReadable(listener, Duration.ZERO)).isFalse();
      try (Fd client = sockets.connect(path)) {
        assertThat(sockets.awaitReadable(listener, Failures.LONG)).isTrue();
        try (Fd server = sockets.accept(listener)) {
          sockets.send(client, bytes("hello"), List.of());
          assertThat(receive(server)).isEqualTo("hello");
        }
      }
    }
  }

  @Test
  final void nobodyToAccept() {
    try (Fd listener = sockets.listen(directory().resolve("socket"), 1)) {
      files.setBlocking(listener, false);

      assertErrno(Errno.EAGAIN, () -> sockets.accept(listener));
    }
  }

  @Test
  final void refusesAPathThatIsTaken() {
    Path path = directory().resolve("socket");
    try (Fd listener = sockets.listen(path, 1)) {
      assertThat(listener.isOpen()).isTrue();
      assertErrno(Errno.EADDRINUSE, () -> sockets.listen(path, 1));
    }
  }

  @Test
  final void refusesToConnectToNobody() {
    Path path = directory().resolve("socket");
    assertErrno(Errno.ENOENT, () -> sockets.connect(path));
    sockets.listen(path, 1).close();
    assertErrno(Errno.ECONNREFUSED, () -> sockets.connect(path));
  }

  @Test
  final void waitsForAMessageOrTheEnd() throws Exception {
    try (Pair pair = sockets.pair()) {
      assertThat(sockets.awaitReadable(pair.first(), Failures.SHORT)).isFalse();
      FutureTask<Boolean> waiting =
          new FutureTask<>(() -> sockets.awaitReadable(pair.first(), Failures.LONG));
      Thread.ofPlatform().start(waiting);
      pair.second().close();

      assertThat(waiting.get(Failures.LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  final void receivingWaitsForTheSender() throws Exception {
    try (Pair pair = sockets.pair()) {
      FutureTask<String> receiving = new FutureTask<>(() -> receive(pair.first()));
      Thread.ofPlatform().start(receiving);
      sockets.send(pair.second(), bytes("late"), List.of());

      assertThat(receiving.get(Failures.LONG.toSeconds(), TimeUnit.SECONDS)).isEqualTo("late");
    }
  }

  private String receive(Fd socket) {
    ByteBuffer into = ByteBuffer.allocate(100);
    assertThat(sockets.receive(socket, into).bytes()).isEqualTo(into.position());
    return UTF_8.decode(into.flip()).toString();
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(UTF_8));
  }
}
