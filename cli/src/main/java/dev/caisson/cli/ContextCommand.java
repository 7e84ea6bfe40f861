package dev.caisson.cli;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "context",
    description = "Gateways on other machines, by names: which one the other verbs ask.",
    subcommands = {
      ContextCommand.Create.class,
      ContextCommand.ListAll.class,
      ContextCommand.Use.class,
      ContextCommand.Delete.class
    })
final class ContextCommand {
  @Command(
      name = "create",
      description = "Names a gateway that is reached over TLS, or changes what a name stands for.")
  static final class Create implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "What to call it.")
    private String name = "";

    @Option(
        names = "--address",
        paramLabel = "HOST:PORT",
        required = true,
        description = "Where it listens with TLS: its CAISSON_TLS_ADDRESS.")
    private String address = "";

    @Option(
        names = "--authorities",
        paramLabel = "FILE",
        description = "Who may sign its certificate, PEM (default: whom Java trusts).")
    private @Nullable Path authorities;

    @Option(
        names = "--certificate",
        paramLabel = "FILE",
        description = "Yours, PEM; with --key. Without it, `caisson login` gets a token.")
    private @Nullable Path certificate;

    @Option(
        names = "--key",
        paramLabel = "FILE",
        description = "Its private key, PEM, PKCS #8 without a password.")
    private @Nullable Path key;

    @Option(
        names = "--tenant",
        paramLabel = "TENANT",
        description = "Whose resources are meant where nothing else is said.")
    private @Nullable String tenant;

    @Option(names = "--use", description = "Ask it from now on.")
    private boolean use;

    @Override
    public Integer call() {
      Contexts.requireName(name);
      if (!Context.isAddress(address)) {
        throw CliException.usage("--address must be HOST:PORT: " + address);
      }
      if ((certificate == null) != (key == null)) {
        throw CliException.usage("--certificate and --key must come together");
      }
      Context context =
          new Context(
              address,
              tenant,
              file("--authorities", authorities),
              file("--certificate", certificate),
              file("--key", key),
              null,
              null);
      Target.built(context.client()).close(); // whether the files can be used
      UserFiles files = UserFiles.of(System.getenv());
      var _ =
          Contexts.change(
              files, all -> use ? all.with(name, context).using(name) : all.with(name, context));
      var _ = StoredToken.delete(files, name); // which was for what the name stood for before
      return Exit.OK;
    }

    private static @Nullable String file(String option, @Nullable Path given) {
      if (given == null) {
        return null;
      }
      if (!Files.isReadable(given)) {
        throw CliException.usage(option + " must be a file that can be read: " + given);
      }
      return given.toAbsolutePath().normalize().toString();
    }
  }

  @Command(name = "ls", description = "Lists them; * marks the one that is asked.")
  static final class ListAll implements Callable<Integer> {
    @Mixin private Output output = Output.ofNames();

    @Override
    public Integer call() {
      UserFiles files = UserFiles.of(System.getenv());
      Contexts contexts = Contexts.read(files);
      Struct.Builder all = Struct.newBuilder();
      all.putFields("current", text(contexts.current()));
      Struct.Builder each = Struct.newBuilder();
      contexts
          .all()
          .forEach((name, context) ->
              each.putFields(
                  name,
                  Value.newBuilder().setStructValue(described(context, files, name)).build()));
      all.putFields("contexts", Value.newBuilder().setStructValue(each).build());
      output.print(
          all.build(),
          same -> table(contexts, files),
          same ->
              java.util.stream.Stream.concat(
                      java.util.stream.Stream.of(Contexts.LOCAL), contexts.all().keySet().stream())
                  .toList());
      return Exit.OK;
    }

    private static Struct described(Context context, UserFiles files, String name) {
      Struct.Builder fields = Struct.newBuilder().putFields("address", text(context.address()));
      put(fields, "tenant", context.tenant());
      put(fields, "authorities", context.authorities());
      put(fields, "certificate", context.certificate());
      put(fields, "key", context.key());
      put(fields, "issuer", context.issuer());
      StoredToken.read(files, new Contexts.Named(name, context))
          .flatMap(StoredToken::expiry)
          .ifPresent(at -> put(fields, "tokenExpires", at.toString()));
      return fields.build();
    }

    private static void put(Struct.Builder fields, String name, @Nullable String value) {
      if (value != null) {
        fields.putFields(name, text(value));
      }
    }

    private static Value text(String value) {
      return Value.newBuilder().setStringValue(value).build();
    }

    private static String table(Contexts contexts, UserFiles files) {
      Table table = new Table("", "NAME", "ADDRESS", "TENANT", "AS");
      table.row(mark(contexts, Contexts.LOCAL), Contexts.LOCAL, "this machine", "", "");
      contexts
          .all()
          .forEach((name, context) ->
              table.row(
                  mark(contexts, name),
                  name,
                  context.address(),
                  Optional.ofNullable(context.tenant()).orElse(""),
                  as(context, StoredToken.read(files, new Contexts.Named(name, context)))));
      return table.toString();
    }

    private static String mark(Contexts contexts, String name) {
      return contexts.current().equals(name) ? "*" : "";
    }

    private static String as(Context context, Optional<StoredToken> token) {
      if (token.isPresent()) {
        return token
            .flatMap(StoredToken::expiry)
            .map(end -> (end.isBefore(Instant.now()) ? "token, ended " : "token until ") + end)
            .orElse("token");
      }
      return context.certificate() == null ? "nobody yet" : "certificate";
    }
  }

  @Command(name = "use", description = "Asks this one from now on; local: this machine.")
  static final class Use implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "Which.")
    private String name = "";

    @Override
    public Integer call() {
      var _ = Contexts.change(UserFiles.of(System.getenv()), all -> all.using(name));
      return Exit.OK;
    }
  }

  @Command(name = "rm", description = "Forgets them, with their tokens.")
  static final class Delete implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", arity = "1..*", description = "Which.")
    private List<String> names = List.of();

    @Mixin private Output output = Output.ofNames();

    @Override
    public Integer call() {
      UserFiles files = UserFiles.of(System.getenv());
      return output.each(
          names,
          name -> {
            var _ = Contexts.change(files, all -> all.without(name));
            var _ = StoredToken.delete(files, name);
            output.printName(name);
          });
    }
  }
}
