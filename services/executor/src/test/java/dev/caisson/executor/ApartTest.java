package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ApartTest {
  private static List<String> restarted(String... command) {
    return Apart.without("--own-namespaces", String.join("\0", command) + "\0");
  }

  @Test
  void keepsEverythingButTheOption() {
    assertThat(restarted("java", "@args", "--own-namespaces", "yes", "--node", "n"))
        .containsExactly("java", "@args", "--node", "n");
    assertThat(restarted("java", "--node", "n", "--own-namespaces", "yes"))
        .containsExactly("java", "--node", "n");
  }

  @Test
  void keepsNoneWhereItIsGivenTwice() {
    assertThat(restarted("java", "--own-namespaces", "no", "--own-namespaces", "yes"))
        .containsExactly("java");
  }

  @Test
  void keepsArgumentsThatAreEmpty() {
    assertThat(restarted("java", "--own-namespaces", "yes", "--enrol", ""))
        .containsExactly("java", "--enrol", "");
  }
}
