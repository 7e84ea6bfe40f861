import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialAlteration;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;

/**
 * Makes a login of Kafka's for each user. Run from its source, with the auditor's class path.
 * Arguments: HOST:PORT of Kafka, the password of all, the users.
 */
final class ScramLogin {
  private static final ScramCredentialInfo SCRAM =
      new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096);

  public static void main(String[] args) throws Exception {
    List<UserScramCredentialAlteration> logins =
        List.of(args).subList(2, args.length).stream()
            .<UserScramCredentialAlteration>map(user ->
                new UserScramCredentialUpsertion(user, SCRAM, args[1]))
            .toList();
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0]))) {
      admin.alterUserScramCredentials(logins).all().get();
    }
  }
}
