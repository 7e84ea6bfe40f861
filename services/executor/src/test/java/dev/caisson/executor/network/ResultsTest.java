package dev.caisson.executor.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.caisson.executor.hook.PluginRunner;
import dev.caisson.proto.types.v1.NetworkStatus;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What plugins say. */
class ResultsTest {
  private static final String RESULT =
      """
      {"cniVersion": "1.0.0",
       "interfaces": [{"name": "cni0", "mac": "9a:b0:96:bb:ab:2e"},
                      {"name": "eth0", "mac": "7e:a6:65:ac:eb:b8", "sandbox": "/proc/self/fd/3"}],
       "ips": [{"interface": 1, "address": "10.99.0.2/24", "gateway": "10.99.0.1"},
               {"interface": 1, "address": "fd00::2/64"},
               {"interface": 0, "address": "10.99.0.1/24"}],
       "routes": [{"dst": "0.0.0.0/0"}, {"dst": "fd01::/16", "gw": "fd00::1"}],
       "dns": {"nameservers": ["10.99.0.1"], "domain": "a.b", "search": ["b"], "options": ["ndots:2"]}}
      """;

  private static NetworkStatus status(String text) throws Json.Malformed {
    return Results.status("pods", Json.object(text), "eth0");
  }

  @Test
  void readsWhatIsInTheSandbox() throws Exception {
    NetworkStatus status = status(RESULT);
    assertThat(status.getInterfacesList()).hasSize(1);
    assertThat(status.getInterfaces(0).getName()).isEqualTo("eth0");
    assertThat(status.getInterfaces(0).getAddressesList())
        .extracting(NetworkStatus.Address::getAddress)
        .containsExactly("10.99.0.2/24", "fd00::2/64");
    assertThat(status.getRoutes(1).getGateway()).isEqualTo("fd00::1");
    assertThat(status.getDns().getOptionsList()).containsExactly("ndots:2");
  }

  @Test
  void anAddressOfNoInterfaceIsThatOfTheOnlyOne() throws Exception {
    NetworkStatus status = status("{\"ips\": [{\"version\": \"4\", \"address\": \"10.0.0.2/8\"}]}");
    assertThat(status.getInterfaces(0).getName()).isEqualTo("eth0");
    assertThat(status.getInterfaces(0).getAddresses(0).getAddress()).isEqualTo("10.0.0.2/8");
    assertThat(status("{}").getInterfaces(0).getAddressesList()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"ips\": 7}",
        "{\"ips\": [{}]}",
        "{\"ips\": [{\"address\": \"10.0.0.2\"}]}",
        "{\"ips\": [{\"address\": \"10.0.0.2/33\"}]}",
        "{\"ips\": [{\"address\": \"10.0.0.2/-1\"}]}",
        "{\"ips\": [{\"address\": \"example.org/8\"}]}",
        "{\"ips\": [{\"address\": \"10.0.0.2\\n1.1.1.1/8\"}]}",
        "{\"ips\": [{\"address\": \"10.0.0.2/8\", \"interface\": 3}]}",
        "{\"ips\": [{\"address\": \"10.0.0.2/8\", \"interface\": -1}]}",
        "{\"ips\": [{\"address\": \"10.0.0.2/8\", \"interface\": \"eth0\"}]}",
        "{\"ips\": [{\"address\": \"10.0.0.2/8\", \"interface\": []}]}",
        "{\"interfaces\": [{\"name\": \"a name that is too long\", \"sandbox\": \"x\"}]}",
        "{\"interfaces\": [{\"name\": \"e\\u001b\", \"sandbox\": \"x\"}]}",
        "{\"interfaces\": [{\"name\": \"e\", \"mac\": \"<b>\", \"sandbox\": \"x\"}]}",
        "{\"routes\": [{\"dst\": \"all\"}]}",
        "{\"routes\": [{\"dst\": \"0.0.0.0/0\", \"gw\": \"x\"}]}",
        "{\"dns\": []}",
        "{\"dns\": {\"nameservers\": [\"a.b\"]}}",
        "{\"dns\": {\"search\": [\"a\\nnameserver 1.1.1.1\"]}}",
        "{\"dns\": {\"domain\": \"a b\"}}",
        "{\"dns\": {\"options\": [\"\"]}}"
      })
  void refusesWhatIsNot(String text) {
    assertThatExceptionOfType(Json.Malformed.class).isThrownBy(() -> status(text));
  }

  @Test
  void refusesTooMany() {
    String many = String.join(",", Collections.nCopies(65, "{\"address\": \"10.0.0.2/8\"}"));
    assertThatExceptionOfType(Json.Malformed.class)
        .isThrownBy(() -> status("{\"ips\": [" + many + "]}"));
  }

  @Test
  void namesAreWrittenForPrograms() throws Exception {
    Map<String, String> files = NameFiles.of("web", status(RESULT), "nameserver 9.9.9.9\n");
    assertThat(files.keySet()).isEqualTo(NameFiles.names());
    assertThat(files.get("hosts"))
        .isEqualTo(
            """
            127.0.0.1\tlocalhost
            ::1\tlocalhost ip6-localhost ip6-loopback
            10.99.0.2\tweb
            fd00::2\tweb
            """);
    assertThat(files.get("hostname")).isEqualTo("web\n");
    assertThat(files.get("resolv.conf"))
        .isEqualTo("nameserver 10.99.0.1\ndomain a.b\nsearch b\noptions ndots:2\n");
  }

  @Test
  void aNetworkWithoutNameServersHasTheHosts() throws Exception {
    assertThat(NameFiles.of("web", status("{}"), "nameserver 9.9.9.9\n"))
        .containsEntry("resolv.conf", "nameserver 9.9.9.9\n");
  }

  private static String complaint(String output, String errors) {
    return Complaint.of(
        new PluginRunner.Outcome(output, errors, Optional.of("it ended with code 1")));
  }

  @Test
  void aPluginsOwnWordsAreTold() {
    assertThat(complaint("{\"code\": 11, \"msg\": \"no room\", \"details\": \"at all\"}", "x"))
        .isEqualTo("no room: at all (code 11)");
    assertThat(complaint("", "panic: x\n")).isEqualTo("it ended with code 1. It printed: panic: x");
    assertThat(complaint("{\"msg\": 7}", "")).isEqualTo("it ended with code 1.");
    assertThat(complaint("{\"msg\": \"m\", \"code\": {}}", "")).isEqualTo("m");
  }
}
