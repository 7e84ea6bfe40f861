package dev.caisson.oci;

import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.RootFilesystem;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** The top level of the document. Source: runtime-spec config.md. */
final class DocumentReader {
  private static final Pattern VERSION_1 = Pattern.compile("1\\.[0-9]{1,3}\\.[0-9]{1,3}([-+].*)?");
  private static final List<String> OTHER_PLATFORMS =
      List.of("solaris", "windows", "vm", "zos", "freebsd");

  private final JsonObject document;
  private final Bundle bundle;
  private final ContainerSpec.Builder spec = ContainerSpec.newBuilder();

  DocumentReader(JsonObject document, Bundle bundle) {
    this.document = document;
    this.bundle = bundle;
  }

  ContainerSpec read() {
    Map<String, String> annotations = document.texts("annotations");
    Optional<JsonObject> linux = document.object("linux");
    // What the annotations say of membership must be sound, whoever reads it later.
    SandboxMembership membership = SandboxMembership.of(annotations);
    spec.setOciVersion(version())
        .setProcess(ProcessReader.read(required("process")))
        .setRoot(root(annotations))
        .setHostname(document.string("hostname"))
        .setDomainname(document.string("domainname"))
        .addAllMounts(MountReader.read(document.objects("mounts"), bundle, MountIds.of(linux)))
        .putAllAnnotations(annotations)
        .setInfrastructure(membership instanceof SandboxMembership.Root)
        .setCgroupParent(Annotations.cgroupParent(annotations))
        .setBundle(bundle.path().map(Object::toString).orElse(""));
    if (!(membership instanceof SandboxMembership.Member)) {
      document
          .object("annotations")
          .ifPresent(json -> spec.addAllVolumes(VolumeReader.read(json, annotations)));
    }
    document.object("hooks").ifPresent(hooks -> spec.setHooks(HookReader.read(hooks)));
    new LinuxReader(spec, annotations).read(linux);
    OTHER_PLATFORMS.forEach(name -> document.refuse(name, "Caisson runs Linux containers"));
    document.finish();
    return DefaultSeccomp.applied(spec.build());
  }

  private String version() {
    String version = document.string("ociVersion");
    if (!VERSION_1.matcher(version).matches()) {
      throw document.invalid("ociVersion", "be a version 1.x.y", version);
    }
    return version;
  }

  private JsonObject required(String name) {
    return document
        .object(name)
        .orElseThrow(() -> document.invalid(name, "be present", "nothing there"));
  }

  private RootFilesystem root(Map<String, String> annotations) {
    RootFilesystem root = root(required("root"));
    return RootHint.of(annotations).map(hint -> hint.applyTo(root)).orElse(root);
  }

  private RootFilesystem root(JsonObject root) {
    String path = root.string("path");
    if (path.isEmpty()) {
      throw root.invalid("path", "be the path of a directory", path);
    }
    RootFilesystem made =
        RootFilesystem.newBuilder()
            .setPath(bundle.resolve(root.path("path"), path))
            .setReadonly(root.bool("readonly"))
            .build();
    root.finish();
    return made;
  }
}
