package dev.caisson.gateway.api;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.FieldMask;
import com.google.protobuf.Message;
import dev.caisson.gateway.errors.Errors;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.v1.Reason;
import java.util.List;

/**
 * Which limits an update takes: those that the mask names, or all that are there. See
 * https://google.aip.dev/134 and 161.
 *
 * @param parent the field that has the limits: all that can be changed is in it
 */
record UpdateMask(String parent, List<String> paths) {
  /** More than there are limits. */
  private static final int MAX_PATHS = 64;

  UpdateMask {
    if (paths.size() > MAX_PATHS) {
      throw invalid("have at most " + MAX_PATHS + " paths", paths.size());
    }
  }

  static UpdateMask ofContainers(FieldMask mask) {
    return new UpdateMask("spec.resources", mask.getPathsList());
  }

  static UpdateMask ofSandboxes(FieldMask mask) {
    return new UpdateMask("resources", mask.getPathsList());
  }

  /**
   * What the update is to change.
   *
   * @throws io.grpc.StatusRuntimeException INVALID_ARGUMENT, if the mask names what cannot be
   *     changed, is not known, or is not there
   */
  Resources taken(Resources given) {
    if (paths.isEmpty()) {
      return given;
    }
    Resources.Builder taken = Resources.newBuilder();
    paths.forEach(path -> take(path, given, taken));
    return taken.build();
  }

  private void take(String path, Resources given, Resources.Builder taken) {
    if (path.equals(parent)) {
      taken.mergeFrom(given);
    } else if (path.startsWith(parent + ".")) {
      copy(path, List.of(path.substring(parent.length() + 1).split("\\.", -1)), given, taken);
    } else {
      throw invalid("name what can be changed, " + parent + " or a field of it", path);
    }
  }

  private void copy(String path, List<String> names, Message from, Message.Builder to) {
    FieldDescriptor field = from.getDescriptorForType().findFieldByName(names.getFirst());
    boolean last = names.size() == 1;
    if (field == null || (!last && (field.isRepeated() || !isMessage(field)))) {
      throw invalid("name a field that there is", path);
    }
    if (!from.getAllFields().containsKey(field)) {
      throw invalid("name fields that are present (-1 takes a limit away)", path);
    }
    if (last) {
      to.setField(field, from.getField(field));
    } else {
      copy(
          path,
          names.subList(1, names.size()),
          (Message) from.getField(field),
          to.getFieldBuilder(field));
    }
  }

  private static boolean isMessage(FieldDescriptor field) {
    return field.getJavaType() == FieldDescriptor.JavaType.MESSAGE;
  }

  private static RuntimeException invalid(String rule, Object value) {
    return Errors.invalid(Reason.INVALID_FIELD, "update_mask", rule, value);
  }
}
