package dev.caisson.executor.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.gson.JsonObject;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What an operator, or whoever wrote the file, may have written. */
class ConfigurationTest {
  private static final String LIST =
      """
      {"cniVersion": "1.0.0", "name": "pods", "plugins": [
        {"type": "bridge", "ipam": {"type": "host-local"}},
        {"type": "portmap", "capabilities": {"portMappings": true, "aliases": false}}]}
      """;

  private static Configuration list(String text) throws Json.Malformed {
    return Configuration.parse(text, true);
  }

  @Test
  void readsAList() throws Exception {
    Configuration read = list(LIST);
    assertThat(read.name()).isEqualTo("pods");
    assertThat(read.version()).isEqualTo("1.0.0");
    assertThat(read.checked()).isTrue();
    assertThat(read.mapsPorts()).isTrue();
    assertThat(read.plugins()).hasSize(2);
    assertThat(Configuration.programs(read.plugins().getFirst()))
        .containsExactly("bridge", "host-local");
    assertThat(list(read.json().toString())).isEqualTo(read);
  }

  @Test
  void readsOnePluginAsAListOfIt() throws Exception {
    Configuration read =
        Configuration.parse(
            "{\"cniVersion\":\"0.4.0\",\"name\":\"one\",\"type\":\"loopback\",\"mtu\":1500}",
            false);
    JsonObject plugin = read.plugins().getFirst();
    assertThat(plugin.toString()).isEqualTo("{\"type\":\"loopback\",\"mtu\":1500}");
    assertThat(read.mapsPorts()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({"0.3.1, false, false", "0.4.0, false, true", "1.1.0, true, false"})
  void checksWhereItMay(String version, boolean disabled, boolean checked) throws Exception {
    String text = LIST.replace("\"1.0.0\"", "\"" + version + "\", \"disableCheck\": " + disabled);
    assertThat(list(text).checked()).isEqualTo(checked);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "7",
        "[]",
        "{",
        "{} {}",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"p\"}",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"p\",\"plugins\":[]}",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"p\",\"plugins\":[7]}",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"p\",\"plugins\":{}}",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"p\",\"plugins\":[{}]}",
        "{\"cniVersion\":\"9.0.0\",\"name\":\"p\",\"plugins\":[{\"type\":\"t\"}]}",
        "{\"cniVersion\":1,\"name\":\"p\",\"plugins\":[{\"type\":\"t\"}]}",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"../p\",\"plugins\":[{\"type\":\"t\"}]}",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"p\\n\",\"plugins\":[{\"type\":\"t\"}]}",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"p\",\"plugins\":[{\"type\":\"../t\"}]}",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"p\",\"plugins\":[{\"type\":\"/bin/sh\"}]}",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"p\",\"plugins\":[{\"type\":\"..\"}]}",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"p\",\"plugins\":[{\"type\":[\"t\"]}]}",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"p\",\"plugins\":[{\"type\":\"t\",\"ipam\":7}]}",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"p\",\"plugins\":[{\"type\":\"t\",\"ipam\":{\"type\":\"/t\"}}]}",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"p\",\"plugins\":[{\"type\":\"t\",\"capabilities\":[]}]}",
        "{'cniVersion':'1.0.0','name':'p','plugins':[{'type':'t'}]}"
      })
  void refusesWhatIsNone(String text) {
    assertThatExceptionOfType(Json.Malformed.class).isThrownBy(() -> list(text));
  }

  @Test
  void refusesWhatIsTooMuch() {
    String many = String.join(",", java.util.Collections.nCopies(17, "{\"type\":\"t\"}"));
    String deep = "[".repeat(10_000);
    for (String plugins : List.of(many, deep)) {
      String text = "{\"cniVersion\":\"1.0.0\",\"name\":\"p\",\"plugins\":[" + plugins + "]}";
      assertThatExceptionOfType(Json.Malformed.class).isThrownBy(() -> list(text));
    }
  }

  @Property(tries = 500)
  void anythingIsReadOrRefused(@ForAll String text) {
    try {
      assertThat(list(text).plugins()).isNotEmpty();
    } catch (Json.Malformed e) {
      assertThat(e.getMessage()).isNotEmpty();
    }
  }
}
