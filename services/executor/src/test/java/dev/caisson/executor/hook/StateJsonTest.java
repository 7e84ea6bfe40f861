package dev.caisson.executor.hook;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class StateJsonTest {
  @Test
  void writesTheStateOfTheRuntimeSpecification() {
    StateJson state =
        new StateJson("1.2.0", "c", "created", 42, "/bundle", Map.of("b", "2", "a", "1"));
    assertThat(state.text())
        .isEqualTo(
            "{\"ociVersion\":\"1.2.0\",\"id\":\"c\",\"status\":\"created\",\"pid\":42,"
                + "\"bundle\":\"/bundle\",\"annotations\":{\"a\":\"1\",\"b\":\"2\"}}");
  }

  @Test
  void escapesWhatWouldEndAString() {
    StateJson state =
        new StateJson(
            "", "c", "created", 0, "", Map.of("k\"\\", "\n\u0000\u001f\u00e9\ud83d\ude00"));
    assertThat(state.text()).contains("\"k\\\"\\\\\":\"\\u000a\\u0000\\u001f\u00e9\ud83d\ude00\"");
  }
}
