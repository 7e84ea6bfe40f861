package dev.caisson.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class PeerTest {
  private static final Peer ROOT = Peer.of("root", "root");
  private static final Peer NAMELESS = Peer.of("64999", "64999");

  @Test
  void knowsTheNumberOfItsUser() {
    assertThat(ROOT.uid()).hasValue(0);
    assertThat(NAMELESS.uid()).hasValue(64999);
    assertThat(Peer.of("no-such-user-here", "0").uid()).isEmpty();
  }

  @Test
  void isItsUserByNumberAndByName() {
    assertThat(ROOT.isUser("0")).isTrue();
    assertThat(ROOT.isUser("root")).isTrue();
    assertThat(ROOT.isUser("64999")).isFalse();
    assertThat(NAMELESS.isUser("64999")).isTrue();
    assertThat(NAMELESS.isUser("root")).isFalse();
    assertThat(NAMELESS.isUser("0")).isFalse();
  }

  @Test
  void comparesNumbersWithoutTheListOfUsers() {
    // The list has root as 0: what was read when it connected counts.
    Peer connected = new Peer("root", "root", OptionalInt.of(64998));
    assertThat(connected.isUser("64998")).isTrue();
    assertThat(connected.isUser("0")).isFalse();
  }

  @Test
  void asksTheListOfUsersAboutAnUnknownNumber() {
    Peer elsewhere = new Peer("root", "root", OptionalInt.empty());
    assertThat(elsewhere.isUser("0")).isTrue();
    assertThat(elsewhere.isUser("64999")).isFalse();
  }

  @Test
  void isLetInByAnyEntryOfThePolicy() {
    PeerPolicy policy = PeerPolicy.users(List.of("no-such-user-here", "64999", "0"));
    assertThat(policy.allows(ROOT)).isTrue();
    assertThat(policy.allows(NAMELESS)).isTrue();
    assertThat(policy.allows(Peer.of("64998", "64999"))).isFalse();
    assertThat(policy.allows(Peer.of("no-such-user-there", "0"))).isFalse();
  }

  @Test
  void hasAUserAndAGroup() {
    assertThatThrownBy(() -> Peer.of("", "0")).hasMessageContaining("must not be empty");
    assertThatThrownBy(() -> Peer.of("0", "")).hasMessageContaining("must not be empty");
  }
}
