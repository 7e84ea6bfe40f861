package dev.caisson.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.util.List;

/** How long a command takes, from its start until it begins to answer. */
record FirstByte(List<String> command) {
  Statistics measure(int warmUp, int count) throws Exception {
    long[] nanos = new long[count];
    for (int start = -warmUp; start < count; start++) {
      long time = once();
      if (start >= 0) {
        nanos[start] = time;
      }
    }
    return Statistics.of(nanos);
  }

  private long once() throws IOException, InterruptedException {
    long start = System.nanoTime();
    Process process = new ProcessBuilder(command).redirectError(Redirect.INHERIT).start();
    try (InputStream answer = process.getInputStream()) {
      int first = answer.read();
      long time = System.nanoTime() - start;
      var _ = answer.transferTo(OutputStream.nullOutputStream());
      int code = process.waitFor();
      if (first < 0 || code != 0) {
        throw new IllegalStateException(
            String.join(" ", command) + " must answer and end with 0: " + code);
      }
      return time;
    } finally {
      process.destroy();
    }
  }
}
