package dev.caisson.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** A manual page of one verb: roff with the macros of man(7), from what its help is made of. */
final class ManPage {
  private static final int WIDEST = 10_000;

  private final CommandSpec verb;
  private final StringBuilder page = new StringBuilder();

  private ManPage(CommandSpec verb) {
    this.verb = verb;
  }

  static String of(CommandSpec verb) {
    return new ManPage(verb).written();
  }

  private String written() {
    // Without a date, so that the same client prints the same page.
    String title = nameOf(verb).toUpperCase(Locale.ROOT);
    page.append(".TH \"" + escaped(title) + "\" \"1\" \"\" \"" + Cli.VERSION + "\" \"Caisson\"\n");
    // Options must stay what can be copied.
    line(".nh");
    line(".ad l");
    section("NAME");
    line(escaped(nameOf(verb)) + " \\- " + escaped(summary(verb)));
    section("SYNOPSIS");
    line(escaped(synopsis()));
    section("DESCRIPTION");
    paragraphs(verb.usageMessage().description());
    arguments("ARGUMENTS", verb.positionalParameters());
    arguments("OPTIONS", verb.options());
    commands();
    section("EXIT STATUS");
    verb.usageMessage().exitCodeList().forEach((code, what) -> item(bold(code), what));
    section("SEE ALSO");
    line(related().map(one -> bold(nameOf(one)) + "(1)").collect(Collectors.joining(", ")));
    return page.toString();
  }

  /** As the page is found: {@code caisson-sandbox-ls}. */
  private static String nameOf(CommandSpec verb) {
    return verb.qualifiedName("-");
  }

  private static String summary(CommandSpec verb) {
    return verb.usageMessage().description()[0];
  }

  /** On one line: picocli breaks within words. */
  private String synopsis() {
    verb.usageMessage().width(WIDEST);
    String wrapped = new Help(verb, Help.defaultColorScheme(Help.Ansi.OFF)).synopsis(0);
    return wrapped.strip().replaceAll("\\s+", " ");
  }

  private void arguments(String heading, List<? extends ArgSpec> arguments) {
    List<? extends ArgSpec> shown = arguments.stream().filter(one -> !one.hidden()).toList();
    if (!shown.isEmpty()) {
      section(heading);
      shown.forEach(one -> item(head(one), one.description()));
    }
  }

  private static String head(ArgSpec argument) {
    String label = "\\fI" + escaped(argument.paramLabel()) + "\\fR";
    if (!(argument instanceof OptionSpec option)) {
      return label;
    }
    String names =
        Arrays.stream(option.names()).map(ManPage::bold).collect(Collectors.joining(", "));
    return option.arity().max() == 0 ? names : names + "=" + label;
  }

  private void commands() {
    List<CommandSpec> commands = subcommands().toList();
    if (!commands.isEmpty()) {
      section("COMMANDS");
      commands.forEach(one -> item(spellings(one), summary(one)));
    }
  }

  /** Each once, by whatever names. */
  private Stream<CommandSpec> subcommands() {
    return verb.subcommands().values().stream()
        .map(CommandLine::getCommandSpec)
        .distinct()
        .filter(one -> !one.usageMessage().hidden());
  }

  private static String spellings(CommandSpec verb) {
    return Stream.concat(Stream.of(verb.name()), Arrays.stream(verb.aliases()))
        .map(ManPage::bold)
        .collect(Collectors.joining(", "));
  }

  /** The page of all, or those of what is below this one. */
  private Stream<CommandSpec> related() {
    CommandSpec parent = verb.parent();
    return parent == null ? subcommands() : Stream.concat(Stream.of(parent), subcommands());
  }

  private void section(String heading) {
    line(".SH " + heading);
  }

  private void item(String head, String... text) {
    line(".TP");
    line(head);
    Arrays.stream(text).forEach(sentence -> line(escaped(sentence)));
  }

  private void paragraphs(String... text) {
    line(Arrays.stream(text).map(ManPage::escaped).collect(Collectors.joining("\n.PP\n")));
  }

  private void line(String roff) {
    page.append(roff).append('\n');
  }

  private static String bold(String text) {
    return "\\fB" + escaped(text) + "\\fR";
  }

  private static String escaped(String text) {
    String roff = text.codePoints().mapToObj(ManPage::escaped).collect(Collectors.joining());
    // A point at the beginning of a line would make it a request.
    return roff.startsWith(".") ? "\\&" + roff : roff;
  }

  /** groff_char(7): what it would otherwise set as another character, or not at all. */
  private static String escaped(int point) {
    return switch (point) {
      case '\\' -> "\\(rs";
      case '-' -> "\\-";
      case '\'' -> "\\(aq";
      case '`' -> "\\(ga";
      case '^' -> "\\(ha";
      case '~' -> "\\(ti";
      default ->
          point < 0x7f ? Character.toString(point) : String.format(Locale.ROOT, "\\[u%04X]", point);
    };
  }
}
