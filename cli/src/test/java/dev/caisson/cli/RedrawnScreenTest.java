package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.ConsoleSize;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

class RedrawnScreenTest {
  private static final ConsoleSize SIZE =
      ConsoleSize.newBuilder().setHeight(24).setWidth(80).build();

  private final StringWriter out = new StringWriter();
  private List<String> lines = List.of("one", "two");
  private final RedrawnScreen screen = new RedrawnScreen(new PrintWriter(out), SIZE, size -> lines);

  @Test
  void drawsOverWhatItDrew() {
    assertThat(drawn()).isEqualTo("\u001b[?25lone\u001b[K\ntwo\u001b[K\n\u001b[J");
    lines = List.of("three");
    assertThat(drawn()).isEqualTo("\u001b[?25l\u001b[2Athree\u001b[K\n\u001b[J");
    assertThat(drawn()).startsWith("\u001b[?25l\u001b[1A");
  }

  @Test
  void drawsNothingWhenNothingHasChanged() {
    assertThat(drawn()).isNotEmpty();
    screen.draw();
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void drawsAllAnewWhenTheSizeChanges() {
    assertThat(drawn()).isNotEmpty();
    screen.resize(SIZE);
    screen.draw();
    assertThat(out.toString()).startsWith("\u001b[?25l\u001b[Hone");
  }

  @Test
  void showsWhatCameLastAndTheCursorAtTheEnd() {
    screen.changed();
    screen.close();
    assertThat(out.toString()).contains("two").endsWith("\u001b[?25h");
    assertThat(drawn()).isEmpty();
  }

  private String drawn() {
    out.getBuffer().setLength(0);
    screen.changed();
    screen.draw();
    String drawn = out.toString();
    out.getBuffer().setLength(0);
    return drawn;
  }
}
