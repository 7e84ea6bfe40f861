package dev.caisson.cli;

import java.util.List;

/**
 * A verb whose last words are another program's command line: nothing in them is an option of ours.
 */
interface CommandWords {

  /** The words without the `--` that may stand before them. */
  static List<String> of(List<String> words) {
    boolean delimited = !words.isEmpty() && words.getFirst().equals("--");
    return delimited ? words.subList(1, words.size()) : words;
  }
}
