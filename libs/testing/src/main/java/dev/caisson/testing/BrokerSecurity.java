package dev.caisson.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;

/**
 * A broker that asks for TLS and a login, and lets nobody do what no ACL allows; and beside it a
 * listener on loopback for itself and for who administers it. Certificates are made for it.
 */
public final class BrokerSecurity {

  private static final String STORE_PASSWORD = "made-for-one-test";
  private static final String PLAIN =
      "org.apache.kafka.common.security.plain.PlainLoginModule required ";

  private final Path directory;
  private final Map<String, String> passwords;
  private final int administration = BrokerProcess.freePort();

  /**
   * Makes a key and its certificate, for 127.0.0.1.
   *
   * @param passwords of the users that the broker knows
   */
  public BrokerSecurity(Path directory, Map<String, String> passwords) throws IOException {
    this.directory = Files.createDirectories(directory);
    this.passwords = Map.copyOf(passwords);
    keytool(
        List.of("-genkeypair", "-keyalg", "EC", "-dname", "CN=broker", "-ext", "san=ip:127.0.0.1"));
    keytool(List.of("-exportcert", "-rfc", "-file", certificate().toString()));
  }

  /** What clients are to trust, in PEM. */
  public Path certificate() {
    return directory.resolve("certificate.pem");
  }

  /** Where one administers the broker, who may do everything there. */
  public String administrationAddress() {
    return "127.0.0.1:" + administration;
  }

  /** Settings of the broker. */
  public Properties broker(BrokerProcess broker) {
    Properties settings = new Properties();
    settings.setProperty(
        "listeners",
        "SASL_SSL://"
            + broker.address()
            + ",INSIDE://"
            + administrationAddress()
            + ",CONTROLLER://"
            + broker.controllerAddress());
    settings.setProperty(
        "advertised.listeners",
        "SASL_SSL://" + broker.address() + ",INSIDE://" + administrationAddress());
    settings.setProperty(
        "listener.security.protocol.map",
        "SASL_SSL:SASL_SSL,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT");
    settings.setProperty("inter.broker.listener.name", "INSIDE");
    settings.setProperty("sasl.enabled.mechanisms", "PLAIN");
    settings.setProperty("listener.name.sasl_ssl.plain.sasl.jaas.config", users());
    settings.setProperty("ssl.keystore.type", "PKCS12");
    settings.setProperty("ssl.keystore.location", store().toString());
    settings.setProperty("ssl.keystore.password", STORE_PASSWORD);
    settings.setProperty(
        "authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer");
    settings.setProperty("super.users", "User:ANONYMOUS");
    return settings;
  }

  /** The login of a client, a secret. */
  public String login(String user) {
    return PLAIN + "username=\"" + user + "\" password=\"" + passwords.get(user) + "\";";
  }

  private String users() {
    return PLAIN
        + passwords.entrySet().stream()
            .map(user -> "user_" + user.getKey() + "=\"" + user.getValue() + "\"")
            .collect(Collectors.joining(" "))
        + ";";
  }

  private Path store() {
    return directory.resolve("broker.p12");
  }

  private void keytool(List<String> arguments) throws IOException {
    Keytool.run(store(), STORE_PASSWORD, "broker", arguments);
  }
}
