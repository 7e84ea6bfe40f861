package dev.caisson.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class HashChainTest {

  // (head -c 32 /dev/zero; printf abc) | sha256sum
  private static final String AFTER_ABC =
      "365aa7d8f7f9402c4b9434502b4cc89ddb09fe50d7cd95b493b834c62d5a5370";

  @Test
  void beginsWithZeros() {
    assertThat(HashChain.GENESIS.toByteArray()).isEqualTo(new byte[32]);
  }

  @Test
  void isTheDigestOfThePreviousValueAndTheRecord() {
    ByteString value = HashChain.next(HashChain.GENESIS, ByteString.copyFromUtf8("abc"));
    assertThat(HexFormat.of().formatHex(value.toByteArray())).isEqualTo(AFTER_ABC);
  }

  @Test
  void dependsOnEveryRecordBefore() {
    ByteString second = ByteString.copyFromUtf8("second");
    ByteString one =
        HashChain.next(HashChain.next(HashChain.GENESIS, ByteString.copyFromUtf8("a")), second);
    ByteString other =
        HashChain.next(HashChain.next(HashChain.GENESIS, ByteString.copyFromUtf8("b")), second);
    assertThat(one).isNotEqualTo(other);
  }

  @Test
  void rejectsAPreviousValueOfAnotherLength() {
    assertThatThrownBy(() -> HashChain.next(ByteString.EMPTY, ByteString.EMPTY))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("previous must have 32 bytes: 0");
  }
}
