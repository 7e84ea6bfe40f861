package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.ListContainersRequest;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.Seccomp;
import dev.caisson.proto.types.v1.Seccomp.SyscallRule;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A thousand containers at once, or {@code -Dcaisson.scale.containers}, each in a sandbox of its
 * own with a filter as long as the default one, in an executor with little memory. How long
 * operations take then is measured by {@code caisson bench scale}.
 */
class ScaleIT {
  private static final int CONTAINERS = Integer.getInteger("caisson.scale.containers", 1_000);
  private static final int AT_ONCE = 4;
  private static final int RULES = 40;
  private static final int NAMES = 12;
  private static final int SIGKILL = 9;
  private static final String DENIED = "kexec_load";

  private TestNode node;

  @BeforeEach
  void begin() throws Exception {
    node =
        TestNode.launchApart(
            "limits.sandboxes = 4000", "limits.containers = 4000", "seccomp.denied = " + DENIED);
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  @Test
  void leavesNothingOfManyThatAreDeletedInAnyOrder() throws Exception {
    live("warm");
    die("warm");
    Left before = Left.now(node);
    List<String> ids =
        new ArrayList<>(IntStream.range(0, CONTAINERS).mapToObj(i -> "c" + i).toList());
    Collections.shuffle(ids, new Random(CONTAINERS));

    forAll(ids, this::live);
    assertThat(all()).hasSize(CONTAINERS);
    assertThat(all()).allMatch(one -> one.getState() == ContainerState.RUNNING);
    assertThat(all().stream().map(Container::getPid).distinct()).hasSize(CONTAINERS);

    Collections.shuffle(ids, new Random(CONTAINERS + 1));
    forAll(ids, this::die);
    assertThat(all()).isEmpty();
    TestNode.eventually(
        "nothing is left",
        () -> Left.now(node).equals(before),
        () -> assertThat(Left.now(node)).isEqualTo(before));
  }

  private List<Container> all() {
    return node.stub()
        .listContainers(ListContainersRequest.getDefaultInstance())
        .getContainersList();
  }

  private void live(String id) {
    var _ = node.started(id, filtered(node.spec("sleep", "100000")));
  }

  /** In both ways. */
  private void die(String id) {
    if (id.hashCode() % 2 == 0) {
      node.signal(id, SIGKILL);
      assertThat(node.await(id).getSignal()).isEqualTo(SIGKILL);
      node.delete(id);
    } else {
      node.delete(id, true);
    }
  }

  /** With names that no kernel has beside the one that must be there. */
  private static ContainerSpec.Builder filtered(ContainerSpec.Builder spec) {
    Seccomp.Builder filter = Seccomp.newBuilder().setDefaultAction("SCMP_ACT_ALLOW");
    for (int rule = 0; rule < RULES; rule++) {
      SyscallRule.Builder words = filter.addRulesBuilder().setAction("SCMP_ACT_ERRNO");
      if (rule == 0) {
        words.addNames(DENIED);
      }
      for (int name = 0; name < NAMES; name++) {
        words.addNames("no_such_call_" + rule + "_" + name);
      }
    }
    return spec.setSeccomp(filter);
  }

  private static void forAll(List<String> ids, Consumer<String> what) {
    try (ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE)) {
      CompletableFuture.allOf(
              ids.stream()
                  .map(id -> CompletableFuture.runAsync(() -> what.accept(id), threads))
                  .toArray(CompletableFuture[]::new))
          .join();
    }
  }
}
