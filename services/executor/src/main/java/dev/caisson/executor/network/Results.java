package dev.caisson.executor.network;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.caisson.proto.types.v1.NetworkStatus;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What plugins say of what they have made: CNI, section 5. Nothing of it reaches a file or a
 * terminal that is not what it should be.
 */
final class Results {
  private static final int MAX_INTERFACES = 64;
  private static final int MAX_ADDRESSES = 64;
  private static final int MAX_ROUTES = 256;
  private static final int MAX_WORDS = 32;

  /** {@code IFNAMSIZ} is 16. */
  private static final Pattern INTERFACE = Pattern.compile("[!-~]{1,15}");

  private static final Pattern MAC = Pattern.compile("[0-9A-Fa-f:]{0,64}");
  private static final Pattern WORD = Pattern.compile("[!-~]{1,255}");

  private Results() {}

  /**
   * Of the last plugin.
   *
   * @param name of the network
   * @param only the interface that addresses belong to of which the plugins do not say
   * @throws Json.Malformed if it is none
   */
  static NetworkStatus status(String name, JsonObject result, String only) throws Json.Malformed {
    NetworkStatus.Builder status = NetworkStatus.newBuilder().setName(name);
    List<NetworkStatus.NetworkInterface.Builder> inside = interfaces(result, only);
    for (JsonObject ip : Json.objects(result, "ips", MAX_ADDRESSES)) {
      Optional<NetworkStatus.NetworkInterface.Builder> of = owner(result, ip, inside);
      if (of.isPresent()) {
        of.get().addAddresses(address(ip));
      }
    }
    inside.forEach(status::addInterfaces);
    for (JsonObject route : Json.objects(result, "routes", MAX_ROUTES)) {
      status.addRoutes(
          NetworkStatus.Route.newBuilder()
              .setDestination(prefix("a route", Json.text(route, "dst")))
              .setGateway(literal("a route's gateway", Json.text(route, "gw"))));
    }
    Optional<JsonObject> dns = Json.inner(result, "dns");
    if (dns.isPresent()) {
      status.setDns(dns(dns.get()));
    }
    return status.build();
  }

  private static List<NetworkStatus.NetworkInterface.Builder> interfaces(
      JsonObject result, String only) throws Json.Malformed {
    List<NetworkStatus.NetworkInterface.Builder> inside = new ArrayList<>();
    for (JsonObject one : Json.objects(result, "interfaces", MAX_INTERFACES)) {
      String name = matching(INTERFACE, "an interface's name", Json.text(one, "name"));
      if (!Json.text(one, "sandbox").isEmpty()) {
        inside.add(
            NetworkStatus.NetworkInterface.newBuilder()
                .setName(name)
                .setMac(matching(MAC, "an interface's mac", Json.text(one, "mac"))));
      }
    }
    if (inside.isEmpty()) {
      inside.add(NetworkStatus.NetworkInterface.newBuilder().setName(only));
    }
    return inside;
  }

  /** Empty: of an interface of the host's. */
  private static Optional<NetworkStatus.NetworkInterface.Builder> owner(
      JsonObject result, JsonObject ip, List<NetworkStatus.NetworkInterface.Builder> inside)
      throws Json.Malformed {
    JsonElement index = ip.get("interface");
    if (index == null || index.isJsonNull()) {
      return Optional.of(inside.getFirst());
    }
    List<JsonObject> all = Json.objects(result, "interfaces", MAX_INTERFACES);
    int number = number(index);
    if (number < 0 || number >= all.size()) {
      throw new Json.Malformed("an address belongs to an interface that it does not have");
    }
    String name = Json.text(all.get(number), "name");
    boolean of = !Json.text(all.get(number), "sandbox").isEmpty();
    return inside.stream().filter(one -> of && one.getName().equals(name)).findFirst();
  }

  private static int number(JsonElement index) throws Json.Malformed {
    try {
      return index.getAsJsonPrimitive().getAsInt();
    } catch (IllegalStateException | NumberFormatException e) {
      throw new Json.Malformed("an address belongs to no interface by its number");
    }
  }

  private static NetworkStatus.Address address(JsonObject ip) throws Json.Malformed {
    return NetworkStatus.Address.newBuilder()
        .setAddress(prefix("an address", Json.text(ip, "address")))
        .setGateway(literal("a gateway", Json.text(ip, "gateway")))
        .build();
  }

  private static NetworkStatus.Dns dns(JsonObject dns) throws Json.Malformed {
    NetworkStatus.Dns.Builder all = NetworkStatus.Dns.newBuilder();
    for (String server : Json.texts(dns, "nameservers", MAX_WORDS)) {
      all.addNameservers(literal("a name server", server));
    }
    String domain = Json.text(dns, "domain");
    all.setDomain(domain.isEmpty() ? "" : matching(WORD, "the domain", domain));
    for (String word : Json.texts(dns, "search", MAX_WORDS)) {
      all.addSearch(matching(WORD, "a domain that is searched", word));
    }
    for (String word : Json.texts(dns, "options", MAX_WORDS)) {
      all.addOptions(matching(WORD, "an option of dns", word));
    }
    return all.build();
  }

  private static String prefix(String what, String text) throws Json.Malformed {
    int slash = text.indexOf('/');
    String length = text.substring(slash + 1);
    InetAddress address = parsed(what, slash < 0 ? "" : text.substring(0, slash));
    int most = address instanceof Inet4Address ? 32 : 128;
    if (!length.matches("\\d{1,3}") || Integer.parseInt(length) > most) {
      throw new Json.Malformed(what + " has no prefix");
    }
    return text;
  }

  /** Empty stays empty. */
  private static String literal(String what, String text) throws Json.Malformed {
    if (!text.isEmpty()) {
      var _ = parsed(what, text);
    }
    return text;
  }

  private static InetAddress parsed(String what, String text) throws Json.Malformed {
    try {
      matching(WORD, what, text);
      return InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException e) {
      throw new Json.Malformed(what + " is no IP address");
    }
  }

  private static String matching(Pattern pattern, String what, String text) throws Json.Malformed {
    if (!pattern.matcher(text).matches()) {
      throw new Json.Malformed(what + " is not what it should be");
    }
    return text;
  }
}
