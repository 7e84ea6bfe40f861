package dev.caisson.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.rpc.GrpcServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The program of docs/client.md, compiled and run as it stands there. */
@Timeout(60)
class GuideTest {
  private static final Path TEXT = Path.of("../../docs/client.md");

  @TempDir private Path directory;
  private final FakeGateway gateway = new FakeGateway();
  private final FakeEvents journal = new FakeEvents();

  @Test
  void runsAJobAndTellsEachEventOnce() throws Exception {
    Path sockets = Files.createDirectories(directory.resolve("run/gateway"));
    Files.writeString(directory.resolve("config.json"), "{}");
    Class<?> program = compiled();
    journal.ends.add(FakeEvents.away(70));
    try (GrpcServer _ =
        GrpcServer.unix(sockets.resolve("gateway.sock"))
            .services(List.of(gateway, journal))
            .start()) {
      assertThat(run(program))
          .startsWith("hello", "ended with 0", "1 PAYLOAD_NOT_SET")
          .hasSize(2 + FakeEvents.TOTAL);
      assertThat(run(program)).containsExactly("hello", "ended with 0");
    }
    assertThat(directory.resolve("cursor")).hasContent("1." + FakeEvents.TOTAL);
    assertThat(gateway.created)
        .extracting(CreateContainerRequest::getContainer)
        .allMatch(container -> container.getOci().getConfigJson().toStringUtf8().equals("{}"));
  }

  private Class<?> compiled() throws IOException, ClassNotFoundException {
    Path source = Files.writeString(directory.resolve("Jobs.java"), code());
    int failures =
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, "-proc:none", "-d", directory.toString(), source.toString());
    assertThat(failures).isZero();
    var loader = new URLClassLoader(new URL[] {directory.toUri().toURL()});
    return loader.loadClass("Jobs");
  }

  /** The one block of Java. */
  private static String code() throws IOException {
    List<String> blocks =
        Pattern.compile("(?ms)^```java\\n(.*?)^```$")
            .matcher(Files.readString(TEXT))
            .results()
            .map(block -> block.group(1))
            .toList();
    assertThat(blocks).hasSize(1);
    return blocks.getFirst();
  }

  /** The lines that it prints. */
  private List<String> run(Class<?> program) throws ReflectiveOperationException {
    PrintStream own = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setOut(new PrintStream(printed, true, UTF_8));
    try {
      String[] arguments = {
        directory.toString(),
        directory.resolve("config.json").toString(),
        directory.resolve("cursor").toString()
      };
      program.getMethod("main", String[].class).invoke(null, (Object) arguments);
    } finally {
      System.setOut(own);
    }
    return printed.toString(UTF_8).lines().toList();
  }
}
