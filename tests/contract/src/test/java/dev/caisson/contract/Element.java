package dev.caisson.contract;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.StringJoiner;

/**
 * One thing of a contract, a line of the baseline: {@code field caisson.events.v1.Event 2 name=node
 * type=string cardinality=singular}.
 *
 * @param key what it is: kind, owner and, where there is one, number; unique in a contract
 * @param facts what nobody may change
 */
record Element(String key, Map<String, String> facts) {

  static Element of(String key, String... namesAndValues) {
    Map<String, String> facts = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      facts.put(namesAndValues[i], namesAndValues[i + 1]);
    }
    return new Element(key, facts);
  }

  static Element parse(String line) {
    StringJoiner key = new StringJoiner(" ");
    Map<String, String> facts = new LinkedHashMap<>();
    Arrays.stream(line.split(" ", -1))
        .forEach(word -> {
          int equals = word.indexOf('=');
          if (equals < 0) {
            key.add(word);
          } else {
            facts.put(word.substring(0, equals), word.substring(equals + 1));
          }
        });
    return new Element(key.toString(), facts);
  }

  /** {@code field}, {@code message}, {@code method} … */
  String kind() {
    return key.substring(0, key.indexOf(' '));
  }

  /** The full name of what it belongs to. */
  String owner() {
    return key.split(" ", -1)[1];
  }

  /** Of a field or a value. */
  int number() {
    return Integer.parseInt(key.split(" ", -1)[2]);
  }

  String fact(String name) {
    return facts.getOrDefault(name, "none");
  }

  String line() {
    StringJoiner line = new StringJoiner(" ").add(key);
    facts.forEach((name, value) -> line.add(name + "=" + value));
    return line.toString();
  }
}
