package dev.caisson.executor.sandbox;

import dev.caisson.executor.guard.RedactionPolicy;
import dev.caisson.executor.journal.BoundedText;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What of a command line, and of what a program prints, may stand in the record: bounded, and with
 * a mark in the place of what looks like a secret. The environment is never recorded.
 */
final class Redaction {
  static final int MAX_ARGS = 32;

  /** Of an argument, in bytes; so many characters are looked at. */
  static final int MAX_LENGTH = 256;

  /** In the place of what is hidden. */
  static final String HIDDEN = "***";

  private static final Pattern CONTROL = Pattern.compile("\\p{Cc}");
  private static final Pattern OPTION = Pattern.compile("-[\\w.-]*+");

  /** All of a name, however long it is: from within it, no second look is had at any of it. */
  private static final Pattern NAMED =
      Pattern.compile("(?<![\\w.-])([\\w.-]++)(\"?\\s*+[=:]\\s*+)");

  /** RFC 3986, 3.2.1: of a URL, what stands between the user's name and the host. */
  private static final Pattern USER_INFORMATION = Pattern.compile("(://[^\\s/?#:@]*+:)[^\\s/?#]*@");

  private static final Pattern WORD = Pattern.compile("\"[^\"\n]*+\"?|'[^'\n]*+'?|[^\\s,;&]++");

  private final RedactionPolicy policy;

  Redaction(RedactionPolicy policy) {
    this.policy = policy;
  }

  List<String> args(List<String> args) {
    List<String> shown = new ArrayList<>();
    boolean secret = false;
    for (String arg : args.subList(0, Math.min(MAX_ARGS, args.size()))) {
      boolean option = arg.startsWith("-");
      shown.add(secret && !option ? HIDDEN : arg(arg));
      secret = namesSecret(arg);
    }
    return List.copyOf(shown);
  }

  /** The value is the argument after it. */
  private boolean namesSecret(String arg) {
    return OPTION.matcher(arg).matches() && policy.hides(head(arg));
  }

  private String arg(String arg) {
    String plain = CONTROL.matcher(head(arg)).replaceAll("?");
    String shown = withoutUserInformation(withoutEnd(plain));
    boolean more = arg.length() > MAX_LENGTH && shown.equals(plain);
    return BoundedText.of(more ? shown + "…" : shown, MAX_LENGTH);
  }

  private static String head(String arg) {
    return arg.substring(0, Math.min(MAX_LENGTH, arg.length()));
  }

  /** An argument is one value: all that comes after the name is hidden. */
  private String withoutEnd(String plain) {
    Matcher named = NAMED.matcher(plain);
    while (named.find()) {
      if (policy.hides(named.group(1)) && named.end() < plain.length()) {
        return plain.substring(0, named.end()) + HIDDEN;
      }
    }
    return plain;
  }

  private static String withoutUserInformation(String text) {
    return USER_INFORMATION.matcher(text).replaceAll("$1" + HIDDEN + "@");
  }

  /** Of many words: of each secret the word after its name is hidden. */
  String text(CharSequence text) {
    StringBuilder shown = new StringBuilder();
    Matcher named = NAMED.matcher(text);
    Matcher word = WORD.matcher(text);
    int done = 0;
    while (named.find(done)) {
      shown.append(text, done, named.end());
      done = named.end();
      if (policy.hides(named.group(1)) && word.find(done) && word.start() == done) {
        shown.append(HIDDEN);
        done = word.end();
      }
    }
    return withoutUserInformation(shown.append(text, done, text.length()).toString());
  }
}
