package dev.caisson.cli;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.GetContainerRequest;
import dev.caisson.proto.v1.GetSandboxRequest;
import dev.caisson.proto.v1.Sandbox;
import dev.caisson.proto.v1.UpdateContainerRequest;
import dev.caisson.proto.v1.UpdateSandboxRequest;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "update",
    description =
        "Changes limits of what runs, all that are given or none; prints what they were and are.")
final class UpdateCommand implements Callable<Integer> {
  @Mixin private Target target = new Target();
  @Mixin private Output output = Output.ofNames();
  @Mixin private LimitOptions limits = new LimitOptions();

  @Option(
      names = "--sandbox",
      description = "ID is a sandbox: the limits around all of its containers.")
  private boolean sandbox;

  @Parameters(
      paramLabel = "ID",
      description = "The container: its id, or the beginning of it. With --sandbox: the sandbox.")
  private String id = "";

  @Override
  public Integer call() {
    Resources asked = limits.limits();
    if (asked.equals(Resources.getDefaultInstance())) {
      throw CliException.usage("A limit must be given", "caisson update --memory 512m ID");
    }
    if (sandbox) {
      updateSandbox(asked);
    } else {
      updateContainer(asked);
    }
    return Exit.OK;
  }

  private void updateSandbox(Resources asked) {
    String name = target.names().sandbox(id);
    Resources before =
        target
            .sandboxes()
            .getSandbox(GetSandboxRequest.newBuilder().setName(name).build())
            .getResources();
    UpdateSandboxRequest request =
        UpdateSandboxRequest.newBuilder()
            .setSandbox(Sandbox.newBuilder().setName(name).setResources(asked))
            .build();
    output.print(
        target.sandboxes().updateSandbox(request),
        after -> table(before, after.getResources()),
        _ -> List.of(name));
  }

  private void updateContainer(Resources asked) {
    String name = Lookup.container(target, id);
    Resources before =
        target
            .containers()
            .getContainer(GetContainerRequest.newBuilder().setName(name).build())
            .getSpec()
            .getResources();
    UpdateContainerRequest request =
        UpdateContainerRequest.newBuilder()
            .setContainer(
                Container.newBuilder()
                    .setName(name)
                    .setSpec(ContainerSpec.newBuilder().setResources(asked)))
            .build();
    output.print(
        target.containers().updateContainer(request),
        after -> table(before, after.getSpec().getResources()),
        _ -> List.of(name));
  }

  /** Of each limit that is not as it was. */
  private static String table(Resources before, Resources after) {
    Map<String, String> was = new TreeMap<>();
    Map<String, String> is = new TreeMap<>();
    flatten("", before, was);
    flatten("", after, is);
    Table table = new Table("LIMIT", ">BEFORE", ">AFTER");
    TreeSet<String> all = new TreeSet<>(was.keySet());
    all.addAll(is.keySet());
    all.stream()
        .filter(limit -> !was.getOrDefault(limit, "").equals(is.get(limit)))
        .forEach(
            limit -> table.row(limit, was.getOrDefault(limit, "-"), is.getOrDefault(limit, "-")));
    return table.toString();
  }

  /** {@code memory.limit} and its value, for whatever fields there are. */
  private static void flatten(String prefix, Message message, Map<String, String> into) {
    message
        .getAllFields()
        .forEach((field, value) -> {
          if (!field.isRepeated() && field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
            flatten(prefix + field.getName() + ".", (Message) value, into);
          } else {
            into.put(
                prefix + field.getName(), String.valueOf(value).strip().replaceAll("\\s+", " "));
          }
        });
  }
}
