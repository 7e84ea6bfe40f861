package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.List;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ConsoleLogTest {

  private final Handler[] handlers = Logger.getLogger("").getHandlers();
  private final List<Formatter> before =
      Arrays.stream(handlers).map(Handler::getFormatter).toList();

  @AfterEach
  void restore() {
    for (int i = 0; i < handlers.length; i++) {
      handlers[i].setFormatter(before.get(i));
    }
  }

  @Test
  void isJsonWhereItIsAskedFor() {
    ConsoleLog.configure("json");
    assertThat(handlers)
        .isNotEmpty()
        .allSatisfy(
            handler -> assertThat(handler.getFormatter()).isInstanceOf(JsonFormatter.class));
  }

  @Test
  void isLeftAsItIsOtherwise() {
    ConsoleLog.configure(null);
    ConsoleLog.configure("text");
    assertThat(handlers).extracting(Handler::getFormatter).containsExactlyElementsOf(before);
  }

  @Test
  void refusesAnotherFormat() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ConsoleLog.configure("xml"))
        .withMessage("CAISSON_LOG_FORMAT must be text or json: xml");
  }
}
