package dev.caisson.gateway.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

class WaitingLineTest {
  private final WaitingLine line = new WaitingLine(2, Schedulers.immediate());
  private final List<String> begun = new ArrayList<>();

  @Test
  void letsSoManyInAndTheOthersInTheirOrder() {
    Sinks.Empty<String> first = Sinks.empty();
    Sinks.Empty<String> second = Sinks.empty();
    Disposable one = enter("one", first.asMono().flux());
    Disposable two = enter("two", second.asMono().flux());
    Disposable three = enter("three", Flux.never());
    Disposable four = enter("four", Flux.never());
    assertThat(begun).containsExactly("one", "two");
    assertThat(second.tryEmitEmpty().isSuccess()).isTrue();
    assertThat(begun).containsExactly("one", "two", "three");
    two.dispose(); // it has ended: its room is another's
    assertThat(begun).hasSize(3);
    one.dispose();
    assertThat(begun).containsExactly("one", "two", "three", "four");
    three.dispose();
    four.dispose();
    four.dispose();
    assertThat(line.free()).isEqualTo(2);
  }

  @Test
  void forgetsOneWhoLeavesTheLine() {
    List<Disposable> inside =
        IntStream.range(0, 2).mapToObj(i -> enter("inside", Flux.never())).toList();
    Disposable impatient = enter("impatient", Flux.never());
    Disposable patient = enter("patient", Flux.never());
    impatient.dispose();
    inside.getFirst().dispose();
    assertThat(begun).containsExactly("inside", "inside", "patient");
    inside.getLast().dispose();
    patient.dispose();
    assertThat(line.free()).isEqualTo(2);
  }

  @Test
  void givesRoomBackAfterAFailure() {
    for (int i = 0; i < 5; i++) {
      Disposable failed =
          line.inTurn(Flux.error(new IllegalStateException("x"))).subscribe(_ -> {}, _ -> {});
      assertThat(failed.isDisposed()).isTrue();
    }
    assertThat(line.free()).isEqualTo(2);
  }

  private Disposable enter(String name, Flux<String> work) {
    return line.inTurn(work.doOnSubscribe(_ -> begun.add(name))).subscribe();
  }
}
