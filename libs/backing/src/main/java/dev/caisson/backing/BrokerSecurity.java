package dev.caisson.backing;

import dev.caisson.testing.Keytool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Properties;

/**
 * A broker that asks for TLS, and for a login (SCRAM-SHA-512) at its usual address or a certificate
 * at another, and lets nobody do what no ACL allows; and beside them a listener on loopback for
 * itself and for who administers it: there logins are made. Certificates are made for it.
 */
public final class BrokerSecurity {

  /** Has the broker say which ACL it let somebody in by. */
  static final String LOG_VARIABLE = "CAISSON_AUTHORIZER_LOG_LEVEL";

  static final String LOG_LEVEL = "DEBUG";

  private static final String STORE_PASSWORD = "made-for-one-test";

  private final Path directory;
  private final List<Integer> ports = Ports.free(2);
  private final int administration = ports.getFirst();
  private final int certificates = ports.getLast();

  /** Makes a key and its certificate, for 127.0.0.1. */
  public BrokerSecurity(Path directory) throws IOException {
    this.directory = Files.createDirectories(directory);
    keytool(
        List.of("-genkeypair", "-keyalg", "EC", "-dname", "CN=broker", "-ext", "san=ip:127.0.0.1"));
    keytool(List.of("-exportcert", "-rfc", "-file", certificate().toString()));
    Files.copy(certificate(), trusted());
  }

  /** What clients are to trust, in PEM. */
  public Path certificate() {
    return directory.resolve("certificate.pem");
  }

  /** Where one administers the broker, who may do everything there. */
  public String administrationAddress() {
    return "127.0.0.1:" + administration;
  }

  /** Where a client needs a certificate. */
  public String certificateAddress() {
    return "127.0.0.1:" + certificates;
  }

  /**
   * Makes a key and a certificate by which a broker that starts later knows a user.
   *
   * @param store where they go, PKCS 12
   * @param password of the store and the key
   */
  public void issue(String user, Path store, String password) throws IOException {
    Path own = directory.resolve(user + ".pem");
    Keytool.run(
        store, password, user, List.of("-genkeypair", "-keyalg", "EC", "-dname", "CN=" + user));
    Keytool.run(store, password, user, List.of("-exportcert", "-rfc", "-file", own.toString()));
    Files.write(trusted(), Files.readAllBytes(own), StandardOpenOption.APPEND);
  }

  /** Where all of it is. */
  Path directory() {
    return directory;
  }

  /** Settings of the broker. */
  Properties settings(Broker broker) {
    Properties settings = new Properties();
    String clients =
        "SASL_SSL://%s,SSL://%s,INSIDE://%s"
            .formatted(broker.address(), certificateAddress(), administrationAddress());
    settings.setProperty("listeners", clients + ",CONTROLLER://" + broker.controllerAddress());
    settings.setProperty("advertised.listeners", clients);
    settings.setProperty(
        "listener.security.protocol.map",
        "SASL_SSL:SASL_SSL,SSL:SSL,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT");
    settings.setProperty("inter.broker.listener.name", "INSIDE");
    settings.setProperty("sasl.enabled.mechanisms", "SCRAM-SHA-512");
    settings.setProperty(
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config",
        "org.apache.kafka.common.security.scram.ScramLoginModule required;");
    settings.setProperty("listener.name.ssl.ssl.client.auth", "required");
    settings.setProperty("ssl.principal.mapping.rules", "RULE:^CN=([^,]+)$/$1/");
    settings.setProperty("ssl.truststore.type", "PEM");
    settings.setProperty("ssl.truststore.location", trusted().toString());
    settings.setProperty("ssl.keystore.type", "PKCS12");
    settings.setProperty("ssl.keystore.location", store().toString());
    settings.setProperty("ssl.keystore.password", STORE_PASSWORD);
    settings.setProperty(
        "authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer");
    settings.setProperty("super.users", "User:ANONYMOUS");
    return settings;
  }

  /** Certificates that the broker knows clients by. */
  private Path trusted() {
    return directory.resolve("trusted.pem");
  }

  private Path store() {
    return directory.resolve("broker.p12");
  }

  private void keytool(List<String> arguments) throws IOException {
    Keytool.run(store(), STORE_PASSWORD, "broker", arguments);
  }
}
