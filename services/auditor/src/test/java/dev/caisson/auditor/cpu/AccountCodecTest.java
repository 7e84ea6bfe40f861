package dev.caisson.auditor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.auditor.cpu.ContainerAccount.State;
import dev.caisson.auditor.cpu.Kept.Ended;
import dev.caisson.auditor.cpu.Kept.Forgotten;
import dev.caisson.auditor.cpu.Kept.Living;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class AccountCodecTest {

  private static final SandboxAccount ACCOUNT =
      new SandboxAccount(
          7,
          new CgroupCounter(3, 20, 30),
          5,
          4,
          List.of(
              new ContainerAccount("a", "uid-a", 1, 2, 30, 4, 7, State.RUNNING),
              new ContainerAccount("ä", "uid-ä", 1, 1, 11, 0, 5, State.EXITED)));

  private static final List<Kept> KEPT =
      List.of(
          new Living(ACCOUNT, 1_700_000_000_000L),
          new Living(SandboxAccount.EMPTY, 0),
          new Ended(9, 1_700_000_000_001L, 1_700_000_000_002L),
          new Forgotten(1_700_000_000_003L, 1_700_000_000_004L));

  @Test
  void readsWhatItWrites() {
    for (Kept kept : KEPT) {
      byte[] bytes = AccountCodec.encode(kept);
      assertThat(AccountCodec.decode(bytes)).isEqualTo(kept);
      assertThat(AccountCodec.written(bytes)).isEqualTo(kept.written());
    }
  }

  @Test
  void readsTheVersionBefore() {
    for (SandboxAccount account : List.of(ACCOUNT, SandboxAccount.EMPTY)) {
      byte[] bytes = UndatedAccounts.encode(account);
      assertThat(AccountCodec.decode(bytes)).isEqualTo(new Living(account, Kept.UNKNOWN));
      assertThat(AccountCodec.written(bytes)).isEqualTo(Kept.UNKNOWN);
    }
  }

  /** What is in the changelogs of auditors that run. */
  @Test
  void theFormsStayAsTheyAre() {
    assertThat(AccountCodec.encode(new Ended(1, 2, 3)))
        .containsExactly(
            2, 1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2);
    assertThat(AccountCodec.encode(new Forgotten(1, 2)))
        .containsExactly(2, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1);
    byte[] living = AccountCodec.encode(new Living(ACCOUNT, 3));
    assertThat(living).startsWith(2, 0, 0, 0, 0, 0, 0, 0, 0, 3);
    byte[] undated = UndatedAccounts.encode(ACCOUNT);
    assertThat(Arrays.copyOfRange(living, 10, living.length))
        .isEqualTo(Arrays.copyOfRange(undated, 1, undated.length));
  }

  @Test
  void refusesWhatIsNotWholeOrNotKnown() {
    for (Kept kept : KEPT) {
      byte[] bytes = AccountCodec.encode(kept);
      for (int length = 0; length < bytes.length; length++) {
        byte[] cut = Arrays.copyOf(bytes, length);
        assertRefused("account must be whole", () -> AccountCodec.decode(cut));
      }
    }
    assertRefused(
        "version of an account must be 1 or 2: 3", () -> AccountCodec.decode(new byte[] {3}));
    assertRefused(
        "version of an account must be 1 or 2: 3", () -> AccountCodec.written(new byte[] {3}));
    byte[] unknown = {2, 3, 0, 0, 0, 0, 0, 0, 0, 0};
    assertRefused("kind of an account must be 0 to 2: 3", () -> AccountCodec.decode(unknown));
  }

  private static void assertRefused(String message, Runnable reading) {
    assertThatThrownBy(reading::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(message);
  }
}
