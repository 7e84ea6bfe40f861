package dev.caisson.cli;

import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    name = "logout",
    description = "Forgets a context's token; the issuer is not told, it ends by itself.")
final class LogoutCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "CONTEXT",
      arity = "0..1",
      description = "Which (default: the one that is asked).")
  private @Nullable String named;

  @Override
  public Integer call() {
    UserFiles files = UserFiles.of(System.getenv());
    Contexts.read(files)
        .meant(Optional.ofNullable(named))
        .ifPresent(context -> {
          var _ = StoredToken.delete(files, context.name());
        });
    return Exit.OK;
  }
}
