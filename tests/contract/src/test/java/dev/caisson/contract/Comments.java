package dev.caisson.contract;

import com.google.protobuf.Descriptors.Descriptor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** What the protos of events say above each message. */
record Comments(Map<String, String> byName) {

  private static final Pattern COMMENTED = Pattern.compile("(?m)^((?://.*\\n)+)message (\\w+) \\{");

  static Comments read() throws IOException {
    Map<String, String> byName = new HashMap<>();
    for (Path source : PublicApi.sources()) {
      if (source.startsWith(PublicApi.PROTO.resolve("events"))) {
        COMMENTED
            .matcher(Files.readString(source))
            .results()
            .forEach(found -> byName.put(found.group(2), plain(found.group(1))));
      }
    }
    return new Comments(byName);
  }

  /** With a space behind it, or empty. */
  String of(Descriptor message) {
    String comment = byName.getOrDefault(message.getName(), "");
    return comment.isEmpty() ? "" : comment + " ";
  }

  private static String plain(String comment) {
    return comment.replaceAll("(?m)^// ?", "").replace('\n', ' ').strip();
  }
}
