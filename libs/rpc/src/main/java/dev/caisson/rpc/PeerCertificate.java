package dev.caisson.rpc;

import io.grpc.Grpc;
import io.grpc.ServerCall;
import java.security.cert.Certificate;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.security.auth.x500.X500Principal;

/**
 * Who the certificate at the other end of a TLS connection is for.
 *
 * @param principal {@code spiffe://example.org/ci} where it has a SPIFFE id, else {@code x509:} and
 *     its subject as RFC 2253 writes it
 */
public record PeerCertificate(String principal) {
  private static final String SPIFFE = "spiffe://";

  /** As it can be recorded: not empty, bounded, without control characters. */
  private static final Pattern PRINCIPAL = Pattern.compile("[a-z0-9]+:\\P{Cntrl}{1,240}");

  /** RFC 5280, GeneralName: uniformResourceIdentifier. */
  private static final int URI_NAME = 6;

  /** That of a call; empty where there is none, or none that names somebody. */
  public static Optional<PeerCertificate> of(ServerCall<?, ?> call) {
    SSLSession session = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    if (session == null) {
      return Optional.empty();
    }
    try {
      Certificate own = session.getPeerCertificates()[0];
      return own instanceof X509Certificate certificate ? of(certificate) : Optional.empty();
    } catch (SSLPeerUnverifiedException withoutOne) {
      return Optional.empty();
    }
  }

  static Optional<PeerCertificate> of(X509Certificate certificate) {
    try {
      List<String> uris = uris(certificate);
      if (uris.stream().noneMatch(uri -> uri.startsWith(SPIFFE))) {
        return named(
            "x509:" + certificate.getSubjectX500Principal().getName(X500Principal.RFC2253));
      }
      // SPIFFE X509-SVID, 2: exactly one URI, or it is none
      return uris.size() == 1 ? named(uris.getFirst()) : Optional.empty();
    } catch (CertificateParsingException e) {
      return Optional.empty();
    }
  }

  private static Optional<PeerCertificate> named(String principal) {
    return PRINCIPAL.matcher(principal).matches()
        ? Optional.of(new PeerCertificate(principal))
        : Optional.empty();
  }

  private static List<String> uris(X509Certificate certificate) throws CertificateParsingException {
    List<String> uris = new ArrayList<>();
    Collection<List<?>> names = certificate.getSubjectAlternativeNames();
    if (names != null) {
      for (List<?> name : names) {
        if (name.getFirst().equals(URI_NAME)) {
          uris.add(String.valueOf(name.getLast()));
        }
      }
    }
    return uris;
  }
}
