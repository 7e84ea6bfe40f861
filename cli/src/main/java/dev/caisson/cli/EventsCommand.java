package dev.caisson.cli;

import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.v1.WatchEventsRequest;
import dev.caisson.proto.v1.WatchEventsResponse;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "events",
    description =
        "Shows the record as the executor journals it: every lifecycle and hook event, in order.")
final class EventsCommand implements Callable<Integer> {
  private static final String OLDEST = "begin";

  @Mixin private Target target = new Target();
  @Mixin private Output output = new Output();

  @Option(
      names = {"-f", "--follow"},
      description = "Go on with what comes.")
  private boolean follow;

  @Option(
      names = "--since",
      paramLabel = "CURSOR",
      defaultValue = OLDEST,
      description = "After this cursor (with --output json each event has one), `begin`, or `now`.")
  private String since = OLDEST;

  @Parameters(arity = "0..1", paramLabel = "ID", description = "Only of this container.")
  private @Nullable String id;

  @Override
  public Integer call() {
    WatchEventsRequest.Builder request =
        WatchEventsRequest.newBuilder()
            .setParent(target.names().parent())
            .setCursor(since.equals("now") ? "" : since)
            .setNoFollow(!follow);
    if (id != null) {
      request.setResource(target.names().container(id));
    }
    if (follow) {
      var _ = target.following().watch(request.build()).doOnNext(this::print).blockLast();
    } else {
      target.events().watchEvents(request.build()).forEachRemaining(this::print);
    }
    return Exit.OK;
  }

  private void print(WatchEventsResponse response) {
    output.printLine(response, one -> line(one.getEvent()));
  }

  static String line(Event event) {
    return String.format(
            Locale.ROOT,
            "%s  %3d.%-5d %-32s %-24s %-10s %s",
            Text.time(event.getTime()),
            event.getEpoch(),
            event.getSeq(),
            EventText.type(event),
            EventText.subject(event.getSubject()),
            EventText.actor(event),
            EventText.detail(event))
        .stripTrailing();
  }
}
