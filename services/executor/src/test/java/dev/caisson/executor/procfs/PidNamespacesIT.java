package dev.caisson.executor.procfs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.linux.FileStatus;
import dev.caisson.linux.Kernel;
import java.io.BufferedReader;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** With real namespaces, one in the other. */
class PidNamespacesIT {
  private static final long PATIENCE_SECONDS = 20;

  /** Each tells its number outside; the last of them has another namespace inside. */
  private static final String NESTED =
      "readlink /proc/self; unshare --pid --fork sh -c 'readlink /proc/self; exec sleep 1000'";

  /** The first, who starts the other namespace in it, and the first of that. */
  private static final int MEMBERS = 3;

  private final Kernel kernel = Kernel.open();
  private final TrustedProc proc = new TrustedProc(kernel);
  private final PidNamespaces namespaces = new PidNamespaces(kernel, proc);
  private Process outer;
  private int first;
  private FileStatus namespace;

  @BeforeEach
  void start() throws Exception {
    outer =
        new ProcessBuilder("unshare", "--pid", "--fork", "--kill-child", "sh", "-c", NESTED)
            .redirectErrorStream(true)
            .start();
    BufferedReader output = outer.inputReader();
    assertThat(output.readLine()).isNotNull();
    assertThat(output.readLine()).isNotNull();
    first = (int) outer.children().findFirst().orElseThrow().pid();
    namespace = namespaces.of(first).orElseThrow();
    // Who has told a number may not have ended yet.
    Awaitility.await().until(() -> namespaces.members(namespace).size() == MEMBERS);
  }

  @AfterEach
  void end() throws Exception {
    outer.destroyForcibly();
    assertThat(outer.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    proc.close();
  }

  @Test
  void findsWhoIsInItAndInThoseBelow() {
    assertThat(namespaces.members(namespace)).contains(first).hasSize(MEMBERS);
    assertThat(namespaces.members(namespace))
        .doesNotContain((int) outer.pid(), (int) ProcessHandle.current().pid());
  }

  @Test
  void killsAllByTheFirst() {
    namespaces.kill(first, namespace);

    Awaitility.await().until(() -> namespaces.members(namespace).isEmpty());
  }

  @Test
  void killsNobodyOfAnotherNamespace() {
    int other = (int) outer.pid();
    namespaces.kill(other, namespace);
    namespaces.kill(Integer.MAX_VALUE, namespace);

    assertThat(outer.isAlive()).isTrue();
    assertThat(namespaces.members(namespace)).hasSize(MEMBERS);
  }

  @Test
  void knowsNothingOfNobody() {
    assertThat(namespaces.of(Integer.MAX_VALUE)).isEmpty();
  }
}
