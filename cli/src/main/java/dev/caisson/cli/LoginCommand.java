package dev.caisson.cli;

import dev.caisson.rpc.BearerToken;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "login",
    description =
        "Gets a token for a context, from an OpenID provider by a page that you open anywhere, or as it is"
            + " from standard input; calls carry it from then on.")
final class LoginCommand implements Callable<Integer> {
  private static final int LONGEST = 16_384;

  @Spec private CommandSpec verb = CommandSpec.create();

  @Parameters(
      paramLabel = "CONTEXT",
      arity = "0..1",
      description = "Which (default: the one that is asked).")
  private @Nullable String named;

  @Option(names = "--token-stdin", description = "Take the token from standard input.")
  private boolean fromInput;

  @Option(
      names = "--issuer",
      paramLabel = "URL",
      description = "The OpenID provider (default: as the last time).")
  private @Nullable String issuer;

  @Option(
      names = "--client-id",
      paramLabel = "ID",
      description = "As the provider knows this client (default: as the last time).")
  private @Nullable String clientId;

  @Option(
      names = "--scope",
      paramLabel = "SCOPES",
      defaultValue = "openid offline_access",
      description = "What is asked for (default: ${DEFAULT-VALUE}).")
  private String scope = "openid offline_access";

  @Option(
      names = "--access-token",
      description = "Carry the access token, a JWT for the gateway, and not the ID token.")
  private boolean access;

  @Override
  public Integer call() throws IOException, InterruptedException {
    UserFiles files = UserFiles.of(System.getenv());
    Contexts.Named context =
        Contexts.read(files)
            .meant(Optional.ofNullable(named))
            .orElseThrow(() ->
                new CliException(
                    "On this machine nobody logs in: the user of the process is who calls",
                    "`caisson context create` names a gateway on another"));
    StoredToken token = fromInput ? given() : asked(files, context);
    token.write(files, context);
    token
        .expiry()
        .ifPresentOrElse(
            end -> tell("Logged in at " + context.name() + " until " + end),
            () -> tell("Logged in at " + context.name()));
    return Exit.OK;
  }

  private void tell(String line) {
    PrintWriter err = verb.commandLine().getErr();
    err.println(line);
    err.flush();
  }

  private StoredToken given() throws IOException {
    if (issuer != null || clientId != null) {
      throw CliException.usage("--token-stdin asks no issuer: leave --issuer and --client-id away");
    }
    String token = new String(System.in.readNBytes(LONGEST), StandardCharsets.UTF_8).strip();
    if (!BearerToken.isOne(token)) {
      throw CliException.usage("Standard input must be one token, as a JWT is");
    }
    return new StoredToken(token, null, access, null);
  }

  private StoredToken asked(UserFiles files, Contexts.Named context) throws InterruptedException {
    String from = given("--issuer", issuer, context.context().issuer());
    String as = given("--client-id", clientId, context.context().clientId());
    StoredToken token = new TokenIssuer(from, as).authorize(scope, access, this::tell);
    var _ =
        Contexts.change(
            files, all -> all.with(context.name(), all.require(context.name()).with(from, as)));
    return token;
  }

  private static String given(String option, @Nullable String now, @Nullable String before) {
    return Optional.ofNullable(now)
        .or(() -> Optional.ofNullable(before))
        .orElseThrow(() -> CliException.usage(option + " must be given the first time"));
  }

  private void tell(TokenIssuer.Device device) {
    tell(Text.harmless("Open " + device.url() + " and enter " + device.code()));
    if (device.urlWithCode() != null) {
      tell(Text.harmless("or open " + device.urlWithCode()));
    }
  }
}
