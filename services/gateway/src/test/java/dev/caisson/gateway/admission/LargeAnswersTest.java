package dev.caisson.gateway.admission;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LargeAnswersTest {
  private final LargeAnswers answers = new LargeAnswers();

  private List<Quotas.Share> taken(String tenant, int count) {
    List<Quotas.Share> shares = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      shares.add(answers.take(tenant));
    }
    return shares;
  }

  private void refuses(String tenant, String words) {
    assertThatThrownBy(() -> answers.take(tenant))
        .isInstanceOf(StatusRuntimeException.class)
        .hasMessageContaining(words);
  }

  @Test
  void boundsEachTenantWithoutHoldingUpAnother() {
    taken("a", LargeAnswers.EACH);
    refuses("a", "tenants/a must have at most 4 searches");
    taken("b", LargeAnswers.EACH);
  }

  @Test
  void boundsAllTogether() {
    for (int i = 0; i < LargeAnswers.ALL; i++) {
      taken("t" + i, 1);
    }
    refuses("another", "The gateway must have at most 16 searches");
  }

  @Test
  void givesAPlaceBackOnce() {
    List<Quotas.Share> shares = taken("a", LargeAnswers.EACH);
    shares.getFirst().release();
    shares.getFirst().release();
    taken("a", 1);
    refuses("a", "tenants/a");
  }
}
