package dev.caisson.gateway.api;

import dev.caisson.proto.types.v1.Statistics;
import dev.caisson.proto.v1.NamedStatistics;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What many use. Who is deleted meanwhile is left out: in a list nobody has asked for him. */
final class StatisticsList {
  private StatisticsList() {}

  static <T> Mono<List<NamedStatistics>> of(
      List<T> all, Function<T, String> name, Function<T, Mono<Statistics>> one) {
    return Flux.fromIterable(all)
        .flatMapSequential(
            member ->
                one.apply(member)
                    .map(statistics -> named(name.apply(member), statistics))
                    .onErrorResume(StatisticsList::isGone, _ -> Mono.empty()),
            Batch.AT_ONCE)
        .collectList();
  }

  private static NamedStatistics named(String name, Statistics statistics) {
    return NamedStatistics.newBuilder().setName(name).setStatistics(statistics).build();
  }

  private static boolean isGone(Throwable error) {
    return error instanceof StatusRuntimeException failed
        && failed.getStatus().getCode() == Status.Code.NOT_FOUND;
  }
}
