package dev.caisson.cli;

import com.google.protobuf.util.Timestamps;
import dev.caisson.proto.audit.v1.NodeVerification;
import dev.caisson.proto.audit.v1.SearchTrailRequest;
import dev.caisson.proto.audit.v1.SearchTrailResponse;
import dev.caisson.proto.audit.v1.TrailRecord;
import dev.caisson.proto.audit.v1.VerifyTrailRequest;
import dev.caisson.proto.audit.v1.VerifyTrailResponse;
import dev.caisson.proto.events.v1.Event;
import java.text.ParseException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "trail",
    description = "Searches the audit trail: who did what, when, and whether it succeeded.",
    subcommands = TrailCommand.Verify.class)
final class TrailCommand implements Callable<Integer> {
  private static final int PAGE = 1000;

  @Mixin private Target target = new Target();
  @Mixin private Output output = new Output();

  @Option(names = "--node", paramLabel = "NODE", description = "Only of this node.")
  private String node = "";

  @Option(names = "--sandbox", paramLabel = "ID|UID", description = "Only of this sandbox.")
  private String sandbox = "";

  @Option(names = "--container", paramLabel = "ID|UID", description = "Only of this container.")
  private String container = "";

  @Option(
      names = "--principal",
      paramLabel = "WHO",
      description = "Only of this actor, as uid:1000.")
  private String principal = "";

  @Option(
      names = "--type",
      paramLabel = "TYPE",
      description = "Only of this type, or of a prefix that ends in a dot.")
  private String type = "";

  @Option(
      names = "--from",
      paramLabel = "TIME",
      description = "From this time on: 2026-01-31T12:00:00Z.")
  private @Nullable String from;

  @Option(names = "--to", paramLabel = "TIME", description = "Before this time.")
  private @Nullable String to;

  @Option(
      names = "--outcome",
      paramLabel = "succeeded|failed|denied",
      description = "Only with this outcome.")
  private SearchTrailRequest.@Nullable Outcome outcome;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "1000",
      description = "At most so many records (default: ${DEFAULT-VALUE}).")
  private int limit = PAGE;

  @Override
  public Integer call() {
    SearchTrailResponse found = search();
    output.print(found, TrailCommand::table);
    if (!output.isForPrograms() && !found.getNextPageToken().isEmpty()) {
      output.err().println("caisson: There is more than --limit " + limit + " shows");
      output.err().flush();
    }
    return Exit.OK;
  }

  /** With a token where there is more. */
  private SearchTrailResponse search() {
    SearchTrailResponse.Builder found = SearchTrailResponse.newBuilder();
    String token = "";
    do {
      SearchTrailResponse page =
          target.audit().searchTrail(page(token, limit - found.getRecordsCount()));
      found.addAllRecords(page.getRecordsList());
      token = page.getNextPageToken();
    } while (!token.isEmpty() && found.getRecordsCount() < limit);
    return found.setNextPageToken(token).build();
  }

  private SearchTrailRequest page(String token, int most) {
    SearchTrailRequest.Builder request =
        SearchTrailRequest.newBuilder()
            .setTenant(target.tenant())
            .setNode(node)
            .setSandbox(sandbox)
            .setContainer(container)
            .setPrincipal(principal)
            .setType(type)
            .setPageSize(Math.min(most, PAGE))
            .setPageToken(token);
    if (from != null) {
      request.setFrom(time("--from", from));
    }
    if (to != null) {
      request.setTo(time("--to", to));
    }
    if (outcome != null) {
      request.setOutcome(outcome);
    }
    return request.build();
  }

  static com.google.protobuf.Timestamp time(String option, String text) {
    try {
      return Timestamps.parse(text);
    } catch (ParseException wrong) {
      throw CliException.usage(option + " must be a time like 2026-01-31T12:00:00Z: " + text);
    }
  }

  private static String table(SearchTrailResponse trail) {
    Table table = new Table("TIME", ">SEQ", "TYPE", "SUBJECT", "WHO", "OUTCOME", "DETAIL");
    for (TrailRecord record : trail.getRecordsList()) {
      Event event = record.getEvent();
      table.row(
          Text.time(event.getTime()),
          event.getEpoch() + "." + event.getSeq(),
          record.getType().replaceFirst("^dev\\.caisson\\.", ""),
          EventText.subject(event.getSubject()),
          EventText.actor(event),
          EventText.outcome(event),
          EventText.detail(event));
    }
    return table.toString();
  }

  @Command(
      name = "verify",
      description = {
        "Recomputes the chain of the trail, checks its signatures, and looks for gaps, missing outcomes and impossible lifecycles.",
        "Ends with 1 and names the first record that does not hold, if there is one.",
        "Takes as long as reading all of it does, and needs the permission trail.verify in all tenants."
      })
  static final class Verify implements Callable<Integer> {
    @Mixin private Target target = new Target();
    @Mixin private Output output = new Output();

    @Parameters(arity = "0..1", paramLabel = "NODE", description = "Only of this node.")
    private String node = "";

    @Override
    public Integer call() {
      VerifyTrailResponse answer =
          target.waitingAudit().verifyTrail(VerifyTrailRequest.newBuilder().setNode(node).build());
      output.print(answer, Verify::text);
      boolean holds = answer.getNodesList().stream().allMatch(NodeVerification::getOk);
      return holds ? Exit.OK : Exit.NOT_SO;
    }

    private static String text(VerifyTrailResponse answer) {
      StringBuilder text = new StringBuilder();
      answer.getNodesList().forEach(one -> text.append(line(one)).append('\n'));
      return text.isEmpty() ? "nothing is recorded yet\n" : text.toString();
    }

    private static String line(NodeVerification one) {
      return String.format(
          "%s: %s, %d records (%d.%d to %d.%d%s), %d open intents, %s%s%s",
          one.getNode(),
          one.getOk() ? "ok" : "DOES NOT HOLD",
          one.getRecords(),
          one.getFirstEpoch(),
          one.getFirstSeq(),
          one.getLastEpoch(),
          one.getLastSeq(),
          dropped(one),
          one.getOpenIntents(),
          omitted(one),
          signatures(one),
          one.getOk() ? "" : problem(one));
    }

    private static String dropped(NodeVerification one) {
      return one.getDroppedSeq() == 0
          ? ""
          : String.format("; dropped to %d.%d", one.getDroppedEpoch(), one.getDroppedSeq());
    }

    private static String omitted(NodeVerification one) {
      return one.getOmittedEvents() == 0
          ? ""
          : one.getOmittedEvents() + " events left out for want of room, ";
    }

    private static String signatures(NodeVerification one) {
      return one.getSignaturesChecked()
          ? String.format(
              "signed to %d.%d by %d checkpoints, %d after it%s",
              one.getSignedEpoch(),
              one.getSignedSeq(),
              one.getCheckpoints(),
              one.getUnsignedRecords(),
              one.getEnded() ? ", ended" : "")
          : "signatures not checked: no key of it is enrolled";
    }

    private static String problem(NodeVerification one) {
      return String.format(
          "%n  at %d.%d: %s: %s",
          one.getProblem().getEpoch(),
          one.getProblem().getSeq(),
          Text.state(one.getProblem().getKind()),
          one.getProblem().getMessage());
    }
  }
}
