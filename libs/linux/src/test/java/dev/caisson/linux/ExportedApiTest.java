package dev.caisson.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Executable;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class ExportedApiTest {
  @Test
  void showsNothingNative() throws Exception {
    List<String> signatures = new ArrayList<>();
    for (Class<?> type : publicTypes()) {
      Stream.of(type.getDeclaredMethods()).forEach(method -> add(signatures, method));
      Stream.of(type.getDeclaredConstructors())
          .forEach(constructor -> add(signatures, constructor));
    }

    assertThat(signatures).hasSizeGreaterThan(100);
    assertThat(signatures).noneMatch(signature -> signature.contains("java.lang.foreign"));
    assertThat(signatures).noneMatch(signature -> signature.contains("dev.caisson.linux.abi"));
  }

  private static void add(List<String> signatures, Executable member) {
    if (Modifier.isPublic(member.getModifiers()) || Modifier.isProtected(member.getModifiers())) {
      signatures.add(member.toGenericString());
    }
  }

  private static List<Class<?>> publicTypes() throws Exception {
    List<Class<?>> types = new ArrayList<>();
    try (var sources = Files.list(Path.of("src/main/java/dev/caisson/linux"))) {
      for (Path source : sources.toList()) {
        String name = source.getFileName().toString();
        if (name.endsWith(".java") && !name.equals("package-info.java")) {
          types.add(Class.forName("dev.caisson.linux." + name.replace(".java", "")));
        }
      }
    }
    types.removeIf(type -> !Modifier.isPublic(type.getModifiers()));
    return types;
  }
}
