package dev.caisson.executor.seccomp;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.TextFormat;
import dev.caisson.proto.types.v1.Seccomp;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * The filters that containers have which bring none, as the gateway writes them: with the
 * capabilities of most engines, and of most runtimes. Files, since nothing here reads the document
 * that they are made of; {@code libs/oci} writes them, and checks that they are true.
 */
final class UsualProfiles {
  private UsualProfiles() {}

  static List<Seccomp> ofThisMachine() {
    String machine = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    return List.of(profile(machine), profile(machine + "-chroot"));
  }

  private static Seccomp profile(String name) {
    try (InputStream text =
        Objects.requireNonNull(
            UsualProfiles.class.getResourceAsStream("default-" + name + ".txtpb"))) {
      return TextFormat.parse(new String(text.readAllBytes(), UTF_8), Seccomp.class);
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }
}
