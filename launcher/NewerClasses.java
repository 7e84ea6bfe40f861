import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.ClassHierarchyResolverOption;
import java.lang.classfile.ClassFile.StackMapsOption;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/**
 * Rewrites a jar's classes in a newer format where theirs is so old that no archive of classes takes
 * them (before Java 6): a client that starts from one then loads them with all the others. Their
 * code stays as it is; what the newer format wants beside it, frames for the verifier, is computed.
 *
 * <p>{@code java -cp JAR NewerClasses.java JAR}
 */
final class NewerClasses {
  private static final int FIRST_ARCHIVED = ClassFile.JAVA_6_VERSION;

  private static final ClassFile TOOL =
      ClassFile.of(
          StackMapsOption.GENERATE_STACK_MAPS,
          ClassHierarchyResolverOption.of(
              ClassHierarchyResolver.ofResourceParsing(ClassLoader.getSystemClassLoader())
                  .orElse(ClassHierarchyResolver.defaultResolver())));

  private NewerClasses() {}

  public static void main(String[] args) throws IOException {
    Path jar = Path.of(args[0]);
    Path beside = Path.of(args[0] + ".newer");
    try (ZipInputStream from = new ZipInputStream(Files.newInputStream(jar));
        OutputStream file = Files.newOutputStream(beside);
        ZipOutputStream to = new ZipOutputStream(file)) {
      for (ZipEntry entry = from.getNextEntry(); entry != null; entry = from.getNextEntry()) {
        ZipEntry same = new ZipEntry(entry.getName());
        same.setTime(entry.getTime());
        to.putNextEntry(same);
        to.write(newer(entry.getName(), from));
      }
    }
    Files.move(beside, jar, StandardCopyOption.ATOMIC_MOVE);
  }

  private static byte[] newer(String name, InputStream content) throws IOException {
    byte[] bytes = content.readAllBytes();
    if (!name.endsWith(".class") || name.startsWith("META-INF/")) {
      return bytes;
    }
    ClassModel old = TOOL.parse(bytes);
    return old.majorVersion() >= FIRST_ARCHIVED
        ? bytes
        : TOOL.transformClass(
            old,
            ClassTransform.transformingMethodBodies((code, element) -> code.with(element))
                .andThen(
                    ClassTransform.endHandler(made ->
                        made.withVersion(ClassFile.JAVA_11_VERSION, 0))));
  }
}
