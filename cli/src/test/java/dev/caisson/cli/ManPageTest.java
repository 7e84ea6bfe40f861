package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Set;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

class ManPageTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int man(String... words) {
    CommandLine line = Cli.commandLine("man");
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    String[] all = new String[words.length + 1];
    all[0] = "man";
    System.arraycopy(words, 0, all, 1, words.length);
    return line.execute(all);
  }

  @Test
  void namesTheVerbItsOptionsAndWhatItEndsWith() {
    assertThat(man("ps")).isZero();
    assertThat(out.toString())
        .startsWith(".TH \"CAISSON\\-PS\" \"1\" \"\" \"caisson 0.1.0\" \"Caisson\"\n.nh\n")
        .contains(
            "\ncaisson\\-ps \\- Lists the containers, or the processes of one.\n",
            "\n.SH SYNOPSIS\ncaisson ps [",
            "\n.TP\n\\fIID\\fR\nThe container whose processes to list.\n",
            "\n.TP\n\\fB\\-q\\fR, \\fB\\-\\-quiet\\fR\nOnly the ids.\n",
            "\n.TP\n\\fB\\-o\\fR, \\fB\\-\\-output\\fR=\\fItable|json|yaml|name\\fR\n",
            "\n.TP\n\\fB125\\fR\nCaisson refused or failed",
            "\n.SH SEE ALSO\n\\fBcaisson\\fR(1)\n")
        .doesNotContain("${");
  }

  @Test
  void listsWhatIsBelowAVerbAndNothingThatIsHidden() {
    assertThat(man()).isZero();
    assertThat(out.toString())
        .contains("\n.TP\n\\fBport\\-forward\\fR\n", "\n.TP\n\\fBdelete\\fR, \\fBrm\\fR\n")
        .contains("\\fBcaisson\\-sandbox\\fR(1), ")
        .doesNotContain("ready\\fR");
    assertThat(man("sandbox")).isZero();
    assertThat(out.toString())
        .contains("\\fBcaisson\\fR(1), \\fBcaisson\\-sandbox\\-create\\fR(1)");
  }

  @Test
  void breaksNoOptionOfTheSynopsis() {
    assertThat(man("run")).isZero();
    assertThat(out.toString())
        .contains(" [\\-\\-device\\-read\\-iops=DEVICE:RATE]... ")
        .contains("[[\\-\\-] CMD ARG...]\n");
  }

  @Test
  void findsWhatIsBelowAVerb() {
    assertThat(man("sandbox", "list")).isZero();
    assertThat(out.toString()).startsWith(".TH \"CAISSON\\-SANDBOX\\-LS\" ");
  }

  @Test
  void refusesWhatIsNoVerb() {
    assertThat(man("sandbox", "nonsense")).isEqualTo(Exit.USAGE);
    assertThat(err.toString())
        .startsWith("caisson: VERB must be one that `caisson sandbox` has: nonsense\n");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void escapesWhatRoffWouldObeyOrSetOtherwise() {
    CommandSpec verb = CommandSpec.create().name("x");
    verb.usageMessage().description(".so /etc/passwd", "'ab\\c `d` ^~ a-b é😀");
    verb.addOption(OptionSpec.builder("-e").description(".de").build());
    assertThat(ManPage.of(verb))
        .contains("\n\\&.so /etc/passwd\n.PP\n")
        .contains("\n\\(aqab\\(rsc \\(gad\\(ga \\(ha\\(ti a\\-b \\[u00E9]\\[u1F600]\n")
        .contains("\n\\&.de\n");
  }

  /** What the generator writes itself, and nothing that comes of a description. */
  @Test
  void makesNoOtherRequests() {
    assertThat(man("run")).isZero();
    assertThat(out.toString().lines().filter(line -> line.startsWith(".") || line.startsWith("'")))
        .allMatch(line ->
            Set.of(".TH", ".nh", ".ad", ".SH", ".TP", ".PP").contains(line.split(" ", 2)[0]));
  }
}
