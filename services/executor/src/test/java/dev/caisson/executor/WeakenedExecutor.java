package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.lang.reflect.RecordComponent;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;

/**
 * The executor without one of its defences, in this JVM: its classes, and those of the tests that
 * use it, once more, of which the changed ones come first.
 */
final class WeakenedExecutor extends URLClassLoader {
  private static final Path CLASSES = Path.of("target/classes");
  private static final Path TEST_CLASSES = Path.of("target/test-classes");
  private static final String OWN = "dev.caisson.executor.";
  private static final String BINARIES = "dev/caisson/executor/init";
  private static final long COMPILATION_SECONDS = 60;

  private WeakenedExecutor(Path changed) {
    super(
        Stream.of(changed, CLASSES, TEST_CLASSES).map(WeakenedExecutor::url).toArray(URL[]::new),
        WeakenedExecutor.class.getClassLoader());
  }

  private static URL url(Path directory) {
    try {
      return directory.toUri().toURL();
    } catch (MalformedURLException e) {
      throw new AssertionError("every path is a URL", e);
    }
  }

  /**
   * @param directory for what is compiled: each weakening once
   */
  private static WeakenedExecutor build(Weakening weakening, Path directory) throws Exception {
    Path own = directory.resolve(weakening.id());
    Path changed = own.resolve("classes");
    if (!Files.exists(changed)) {
      compile(weakening, Files.createDirectories(own.resolve("sources")), changed);
    }
    return new WeakenedExecutor(changed);
  }

  private static void compile(Weakening weakening, Path sources, Path changed) throws Exception {
    Files.createDirectory(changed);
    List<Path> java =
        weakening.write(sources).stream()
            .filter(file -> file.toString().endsWith(".java"))
            .toList();
    if (!java.isEmpty()) {
      compile(java, changed);
    }
    if (weakening.isOfC()) {
      buildInit(sources, changed.resolve(BINARIES));
    }
  }

  private static void compile(List<Path> files, Path output) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter said = new StringWriter();
    try (var manager = compiler.getStandardFileManager(null, null, null)) {
      List<String> options =
          List.of(
              "-proc:none",
              "-nowarn",
              "-d",
              output.toString(),
              "-cp",
              CLASSES + ":" + System.getProperty("java.class.path"));
      boolean done =
          compiler
              .getTask(
                  said, manager, null, options, null, manager.getJavaFileObjectsFromPaths(files))
              .call();
      assertThat(done).as("compiled: %s", said).isTrue();
    }
  }

  /** All of its sources, of which the changed ones are there already. */
  private static void buildInit(Path sources, Path output) throws Exception {
    Path main = Path.of("src/main/c");
    try (Stream<Path> files = Files.list(main)) {
      for (Path file : files.toList()) {
        Path copy = sources.resolve(file);
        if (!Files.exists(copy)) {
          Files.copy(file, copy);
        }
      }
    }
    Path build = sources.resolve(main).resolve("build.sh");
    Process process =
        new ProcessBuilder("sh", build.toString(), output.toString()).inheritIO().start();
    assertThat(process.waitFor(COMPILATION_SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as("the exit status of " + build).isZero();
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    synchronized (getClassLoadingLock(name)) {
      Class<?> known = findLoadedClass(name);
      if (known == null && name.startsWith(OWN)) {
        known = findClass(name);
      }
      return known == null ? super.loadClass(name, resolve) : known;
    }
  }

  @Override
  public URL getResource(String name) {
    URL own = findResource(name);
    return own == null ? super.getResource(name) : own;
  }

  /** Whether an attack of {@link Attacks} gets what it is after where no defence lacks. */
  static boolean unweakenedLets(String attack, Path directory) throws Exception {
    Weakening circumstances = Weakenings.circumstances(attack);
    if (circumstances.edits().isEmpty()) {
      return Attacks.succeeds(attack);
    }
    try (WeakenedExecutor changed = build(circumstances, directory)) {
      return changed.lets(attack);
    }
  }

  /** Whether an attack of {@link Attacks} gets what it is after without its defence. */
  static boolean weakenedLets(String attack, Path directory) throws Exception {
    try (WeakenedExecutor changed = build(Weakenings.of(attack), directory)) {
      return changed.lets(attack);
    }
  }

  /** A life of such an executor, beside others in this JVM. */
  static AutoCloseable start(Weakening weakening, Path directory, Options options)
      throws IOException {
    try {
      WeakenedExecutor changed = build(weakening, directory);
      Class<?> type = changed.loadClass(Options.class.getName());
      var begin = changed.loadClass(Executor.class.getName()).getDeclaredMethod("start", type);
      begin.setAccessible(true);
      return (AutoCloseable) begin.invoke(null, copied(options, type));
    } catch (IOException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError("the changed executor starts", e);
    }
  }

  private static Object copied(Record record, Class<?> type) throws Exception {
    List<Object> values = new ArrayList<>();
    for (RecordComponent component : record.getClass().getRecordComponents()) {
      component.getAccessor().setAccessible(true);
      values.add(in(type.getClassLoader(), component.getAccessor().invoke(record)));
    }
    var constructor = type.getDeclaredConstructors()[0];
    constructor.setAccessible(true);
    return constructor.newInstance(values.toArray());
  }

  /** Constants, and records of ours, are those of whoever loads their class. */
  private static Object in(ClassLoader loader, Object value) throws Exception {
    if (value instanceof Record record && loader.loadClass(type(record)) != record.getClass()) {
      return copied(record, loader.loadClass(type(record)));
    }
    if (!(value instanceof Enum<?> one)) {
      return value;
    }
    Class<?> type = loader.loadClass(one.getDeclaringClass().getName());
    return Stream.of(type.getEnumConstants())
        .filter(constant -> ((Enum<?>) constant).name().equals(one.name()))
        .findFirst()
        .orElseThrow();
  }

  private static String type(Record record) {
    return record.getClass().getName();
  }

  private boolean lets(String attack) throws Exception {
    var run = loadClass(Attacks.class.getName()).getDeclaredMethod("succeeds", String.class);
    run.setAccessible(true);
    return (boolean) run.invoke(null, attack);
  }
}
