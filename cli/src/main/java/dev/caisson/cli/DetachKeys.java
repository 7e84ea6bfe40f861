package dev.caisson.cli;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Locale;

/**
 * The keys by which one leaves a program without ending it, as a terminal sends them. They are not
 * passed on; of a sequence that goes on otherwise all is.
 *
 * <p>What has been typed of it is this object's: one for each terminal, one thread at a time.
 */
final class DetachKeys {
  static final String USUAL = "ctrl-p,ctrl-q";

  private static final String CONTROL = "ctrl-";

  /** ascii(7): what the control key makes of them is their lowest five bits. */
  private static final String CONTROLLED = "@abcdefghijklmnopqrstuvwxyz[\\]^_";

  private final byte[] keys;
  private int typed;

  private DetachKeys(byte[] keys) {
    this.keys = keys;
  }

  /**
   * Reads {@code ctrl-p,ctrl-q}, {@code x}, {@code ctrl-],d}.
   *
   * @throws CliException if it is nothing of that kind
   */
  static DetachKeys parse(String text) {
    ByteArrayOutputStream keys = new ByteArrayOutputStream();
    for (String key : text.split(",", -1)) {
      keys.write(key(key, text));
    }
    return new DetachKeys(keys.toByteArray());
  }

  private static int key(String key, String text) {
    if (key.length() == 1 && key.charAt(0) > ' ' && key.charAt(0) < 0x7f) {
      return key.charAt(0);
    }
    String lower = key.toLowerCase(Locale.ROOT);
    int controlled =
        lower.startsWith(CONTROL) && lower.length() == CONTROL.length() + 1
            ? CONTROLLED.indexOf(lower.charAt(CONTROL.length()))
            : -1;
    if (controlled < 0) {
      throw CliException.usage(
          "--detach-keys must be single characters or ctrl-X, with commas between: " + text,
          "the usual ones are " + USUAL);
    }
    return controlled;
  }

  /** Whether the sequence has been typed. */
  boolean isComplete() {
    return typed == keys.length;
  }

  /** What of these bytes, and of what was held back before, is to be passed on. */
  byte[] pass(byte[] piece, int count) {
    ByteArrayOutputStream passed = new ByteArrayOutputStream(count + typed);
    for (int i = 0; i < count && !isComplete(); i++) {
      type(piece[i], passed);
    }
    return passed.toByteArray();
  }

  /** Of what is held back and the next key, the longest end that the sequence may begin with. */
  private void type(byte key, ByteArrayOutputStream passed) {
    byte[] held = Arrays.copyOf(keys, typed + 1);
    held[typed] = key;
    int from = 0;
    while (!isBeginning(held, from)) {
      passed.write(held[from++]);
    }
    typed = held.length - from;
  }

  private boolean isBeginning(byte[] held, int from) {
    return Arrays.equals(held, from, held.length, keys, 0, held.length - from);
  }

  /** What is held back, at the end of the input. */
  byte[] rest() {
    return Arrays.copyOf(keys, typed);
  }
}
