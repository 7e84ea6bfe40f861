package dev.caisson.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The gateways that a user has given names, and the one that is meant when none is named.
 *
 * @param current a name; {@link #LOCAL}: the services of this machine
 */
record Contexts(String current, SortedMap<String, Context> all) {
  static final String LOCAL = "local";

  private static final String FILE = "contexts.json";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}");
  private static final Gson GSON =
      new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

  /** As the file has it. */
  private record Document(@Nullable String current, @Nullable Map<String, Context> contexts) {}

  Contexts {
    all = new TreeMap<>(all);
  }

  /** Refuses what is no name, or not for this one to have. */
  static void requireName(String name) {
    if (!NAME.matcher(name).matches() || name.equals(LOCAL)) {
      throw CliException.usage(
          "A context's name must be 1 to 64 of [A-Za-z0-9_.-], and not local, which is this machine: "
              + name);
    }
  }

  static Contexts read(UserFiles files) {
    String text = files.read(FILE).orElse("{}");
    try {
      Document document = GSON.fromJson(text, Document.class);
      if (document == null) {
        throw new JsonParseException("it is empty");
      }
      Map<String, Context> contexts = document.contexts() == null ? Map.of() : document.contexts();
      contexts.forEach(Contexts::requireSound);
      String current = document.current() == null ? LOCAL : document.current();
      return new Contexts(current, new TreeMap<>(contexts));
    } catch (JsonParseException | NullPointerException e) {
      throw new CliException(
          "The file of contexts cannot be read: " + files.path(FILE) + ": " + e.getMessage(),
          "mend or remove it; `caisson context create` makes it anew");
    }
  }

  @SuppressWarnings("ConstantValue") // what Gson makes of a file has no nulls only if that has none
  private static void requireSound(String name, @Nullable Context context) {
    if (context == null || context.address() == null || !Context.isAddress(context.address())) {
      throw new JsonParseException("the address of " + name + " must be host:port");
    }
  }

  /** Reads, changes and writes it, one after the other. */
  static Contexts change(UserFiles files, UnaryOperator<Contexts> change) {
    return files.locked(() -> {
      Contexts changed = change.apply(read(files));
      files.write(FILE, GSON.toJson(new Document(changed.current, changed.all)) + "\n");
      return changed;
    });
  }

  /**
   * The one that is meant.
   *
   * @param named by the caller; empty: the current one
   * @return empty: the services of this machine
   */
  Optional<Named> meant(Optional<String> named) {
    String name = named.orElse(current);
    return name.equals(LOCAL) ? Optional.empty() : Optional.of(new Named(name, require(name)));
  }

  /** One, and what it is called. */
  record Named(String name, Context context) {}

  Context require(String name) {
    @Nullable Context found = all.get(name);
    if (found == null) {
      throw new CliException(
          "There is no context " + name, "`caisson context ls` lists those that there are");
    }
    return found;
  }

  Contexts with(String name, Context context) {
    SortedMap<String, Context> more = new TreeMap<>(all);
    more.put(name, context);
    return new Contexts(current, more);
  }

  Contexts without(String name) {
    var _ = require(name);
    SortedMap<String, Context> fewer = new TreeMap<>(all);
    fewer.remove(name);
    return new Contexts(current.equals(name) ? LOCAL : current, fewer);
  }

  Contexts using(String name) {
    if (!name.equals(LOCAL)) {
      var _ = require(name);
    }
    return new Contexts(name, all);
  }
}
