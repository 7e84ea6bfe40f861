package dev.caisson.linux;

import static dev.caisson.linux.Failures.assertErrno;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.linux.abi.SockaddrUn;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What only the real kernel shows of sockets. */
final class LinuxSocketsIT {
  private final Kernel kernel = Kernel.open();
  private final Files files = kernel.files();
  private final Sockets sockets = kernel.sockets();

  @TempDir private Path directory;

  @Test
  void theFileIsItsOwnersAlone() throws Exception {
    Path path = directory.resolve("socket");
    sockets.listen(path, 1).close();

    assertThat(PosixFilePermissions.toString(java.nio.file.Files.getPosixFilePermissions(path)))
        .isEqualTo("rw-------");
  }

  @Test
  void aStreamThatNobodyReadsIsCutAndNotWaitedFor() throws Exception {
    Path path = directory.resolve("stream");
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(path);
    try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      listener.bind(address);
      try (Fd client = sockets.connectStream(path);
          SocketChannel server = listener.accept()) {
        ByteBuffer small = ByteBuffer.wrap("hello".getBytes(UTF_8));
        sockets.send(client, small, List.of());
        assertThat(small.hasRemaining()).isFalse();
        assertThat(server.read(ByteBuffer.allocate(10))).isEqualTo(5);
        ByteBuffer large = ByteBuffer.allocate(64 << 20);
        sockets.send(client, large, List.of());
        assertThat(large.hasRemaining()).isTrue();
      }
    }
  }

  @Test
  void pathsLongerThanTheKernelsStructureAreReached() throws Exception {
    Path deep =
        java.nio.file.Files.createDirectories(
            directory.resolve("d".repeat(SockaddrUn.MAX_PATH)).resolve("e".repeat(200)));
    Path path = deep.resolve("socket");
    try (Fd listener = sockets.listen(path, 1);
        Fd client = sockets.connect(path);
        Fd server = sockets.accept(listener)) {
      sockets.send(client, ByteBuffer.wrap("hello".getBytes(UTF_8)), List.of());

      assertThat(sockets.receive(server, ByteBuffer.allocate(10)).bytes()).isEqualTo(5);
      assertThat(path).exists();
    }
  }

  @Test
  void pathsOfExactlyTheStructuresLengthAreReached() {
    int room = SockaddrUn.MAX_PATH - directory.toString().length() - 1;
    Path path = directory.resolve("s".repeat(room));
    try (Fd listener = sockets.listen(path, 1);
        Fd client = sockets.connect(path)) {
      assertThat(listener.isOpen()).isTrue();
      assertThat(client.isOpen()).isTrue();
    }
  }

  @Test
  void aNameThatIsTooLongByItselfIsRefused() {
    assertErrno(Errno.ENAMETOOLONG, () -> sockets.connect(directory.resolve("n".repeat(108))));
  }

  @Test
  void descriptorsArriveCloseOnExec() throws Exception {
    try (Pair pair = sockets.pair();
        Fd file = files.open(Path.of("/dev/null"))) {
      sockets.send(pair.first(), ByteBuffer.wrap(new byte[] {1}), List.of(file));
      Received received = sockets.receive(pair.second(), ByteBuffer.allocate(1));

      try (Fd arrived = received.descriptors().getFirst()) {
        assertThat(java.nio.file.Files.readString(Path.of("/proc/self/fdinfo/" + arrived.number())))
            .containsPattern("flags:\\s+02\\d+");
        assertThat(files.status(arrived).sameFile(files.status(file))).isTrue();
      }
    }
  }

  @Test
  void asManyDescriptorsAsTheKernelTakes() {
    try (Pair pair = sockets.pair();
        Fd file = files.open(Path.of("/dev/null"))) {
      List<Fd> most = Collections.nCopies(Sockets.MAX_DESCRIPTORS, file);
      sockets.send(pair.first(), ByteBuffer.wrap(new byte[] {1}), most);

      Received received = sockets.receive(pair.second(), ByteBuffer.allocate(1));
      assertThat(received.descriptors()).hasSize(Sockets.MAX_DESCRIPTORS);
      received.descriptors().forEach(Fd::close);
    }
  }
}
