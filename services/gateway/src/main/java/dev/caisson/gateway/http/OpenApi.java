package dev.caisson.gateway.http;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import dev.caisson.proto.v1.AuthorizationProto;
import dev.caisson.rpc.ServedRequest;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/**
 * The document of the HTTP API, made from the protos: https://spec.openapis.org/oas/v3.1.1. One for
 * each making.
 */
final class OpenApi {
  private static final String OUTPUT_ONLY = "Output only.";
  private static final String ANY = "*";

  private final Comments comments = Comments.read();
  private final TreeMap<String, JsonObject> schemas = new TreeMap<>();
  private final Deque<Descriptor> left = new ArrayDeque<>();
  private final Set<String> seen = new HashSet<>();

  private OpenApi() {}

  /** All of it, as a text that is the same for the same protos. */
  static String document(List<Route> routes) {
    return new GsonBuilder()
            .setPrettyPrinting()
            .disableHtmlEscaping()
            .create()
            .toJson(new OpenApi().made(routes))
        + "\n";
  }

  private JsonObject made(List<Route> routes) {
    JsonObject paths = new JsonObject();
    routes.stream()
        .sorted(Comparator.comparing(OpenApi::path).thenComparing(Route::verb))
        .forEach(route -> {
          String path = path(route);
          if (!paths.has(path)) {
            paths.add(path, item());
          }
          paths
              .getAsJsonObject(path)
              .add(route.verb().toLowerCase(java.util.Locale.ROOT), operation(route));
        });
    while (!left.isEmpty()) {
      Descriptor next = left.remove();
      schemas.put(next.getFullName(), schema(next));
    }
    schemas.put("Error", error());
    JsonObject all = new JsonObject();
    all.addProperty("openapi", "3.1.0");
    all.add("info", info());
    all.add("security", security());
    all.add("paths", paths);
    all.add("components", components());
    return all;
  }

  private static JsonObject item() {
    JsonArray ofAll = new JsonArray();
    ofAll.add(object("$ref", "#/components/parameters/" + ServedRequest.HEADER));
    JsonObject item = new JsonObject();
    item.add("parameters", ofAll);
    return item;
  }

  private static JsonObject info() {
    JsonObject license = object("name", "Apache-2.0");
    license.addProperty("identifier", "Apache-2.0");
    JsonObject info = object("title", "Caisson");
    info.addProperty("version", "v1");
    info.addProperty(
        "description",
        "Containers in sandboxes. The same API as over gRPC (caisson.v1, caisson.audit.v1), in ProtoJSON: field names in"
            + " lowerCamelCase or as in the protos, 64-bit numbers and durations (`1.5s`) as texts, bytes in"
            + " base64. What streams is server-sent events; what also takes more than one message is a"
            + " WebSocket of texts.");
    info.add("license", license);
    return info;
  }

  /** Or none of them: the user at the other end of a Unix socket. */
  private static JsonArray security() {
    JsonArray any = new JsonArray();
    for (String one : List.of("token", "certificate")) {
      JsonObject scheme = new JsonObject();
      scheme.add(one, new JsonArray());
      any.add(scheme);
    }
    any.add(new JsonObject());
    return any;
  }

  private JsonObject components() {
    JsonObject token = object("type", "http");
    token.addProperty("scheme", "bearer");
    token.addProperty("bearerFormat", "JWT");
    JsonObject schemes = new JsonObject();
    schemes.add("token", token);
    schemes.add("certificate", object("type", "mutualTLS"));
    JsonObject all = new JsonObject();
    schemas.forEach(all::add);
    JsonObject components = new JsonObject();
    components.add("schemas", all);
    components.add("parameters", named(requestName()));
    components.add("headers", named(answeredName()));
    components.add("securitySchemes", schemes);
    return components;
  }

  private static JsonObject named(JsonObject one) {
    JsonObject all = new JsonObject();
    all.add(ServedRequest.HEADER, one);
    return all;
  }

  private static JsonObject requestName() {
    JsonObject parameter = object("name", ServedRequest.HEADER);
    parameter.addProperty("in", "header");
    parameter.addProperty(
        "description",
        "What the call is called in logs: at most 64 of A-Z, a-z, 0-9, `.`, `_` and `-`. Another, or none: it is given"
            + " one. Not `requestId`, by which a call may be repeated.");
    parameter.add("schema", object("type", "string"));
    return parameter;
  }

  private static JsonObject answeredName() {
    JsonObject header = object("description", "What the call is called in logs.");
    header.add("schema", object("type", "string"));
    return header;
  }

  private static JsonObject withName(JsonObject response) {
    response.add("headers", named(object("$ref", "#/components/headers/" + ServedRequest.HEADER)));
    return response;
  }

  /** With a parameter for each star, named after what is before it: {@code sandboxes/{sandbox}}. */
  private static String path(Route route) {
    StringBuilder path = new StringBuilder();
    String before = "";
    for (String segment : route.path().segments()) {
      path.append('/').append(segment.equals(ANY) ? "{" + singular(before) + "}" : segment);
      before = segment;
    }
    return path + (route.path().verb().isEmpty() ? "" : ":" + route.path().verb());
  }

  private static String singular(String collection) {
    return collection.replaceFirst("(?<=x)es$|s$", "");
  }

  private JsonObject operation(Route route) {
    MethodDescriptor method = route.method();
    String comment = comments.of(method.getFullName());
    JsonArray tags = new JsonArray();
    tags.add(method.getService().getName());
    JsonObject operation = object("operationId", id(route));
    operation.add("tags", tags);
    operation.addProperty(
        "description", route.isConversation() ? comment + conversation(method) : comment);
    JsonArray parameters = parameters(route);
    if (!parameters.isEmpty()) {
      operation.add("parameters", parameters);
    }
    if (!route.body().isEmpty()) {
      JsonObject body = new JsonObject();
      body.addProperty("required", true);
      body.add("content", content(Content.JSON, bodyType(route)));
      operation.add("requestBody", body);
    }
    operation.add("responses", responses(route));
    return operation;
  }

  private enum Content {
    JSON(Responses.JSON),
    EVENTS(EventStream.TYPE);

    private final String type;

    Content(String type) {
      this.type = type;
    }
  }

  /** Unique: a method with two paths has two. */
  private static String id(Route route) {
    if (route.path().field().isEmpty() && isOfTenants(route.method())) {
      return route.method().getName() + "InAllTenants";
    }
    return route.method().getName()
        + (route.path().field().equals("parent") || route.path().field().equals("create.parent")
            ? route.path().segments().contains("sandboxes") && !isSandboxes(route)
                ? "InSandbox"
                : ""
            : "");
  }

  private static boolean isOfTenants(MethodDescriptor method) {
    return !method
        .getOptions()
        .getExtension(AuthorizationProto.authorization)
        .getTenant()
        .isEmpty();
  }

  private static boolean isSandboxes(Route route) {
    return route.path().segments().getLast().equals("sandboxes");
  }

  private static String conversation(MethodDescriptor method) {
    return " A WebSocket: the client's texts are "
        + method.getInputType().getFullName()
        + ", of which the first need not have the name that the path has; the gateway's are "
        + method.getOutputType().getFullName()
        + ". A failure is a last text, {\"error\": …}.";
  }

  private static Descriptor bodyType(Route route) {
    Descriptor request = route.method().getInputType();
    return route.body().equals(ANY)
        ? request
        : request.findFieldByName(route.body()).getMessageType();
  }

  private JsonArray parameters(Route route) {
    JsonArray parameters = new JsonArray();
    String before = "";
    for (String segment : route.path().segments()) {
      if (segment.equals(ANY)) {
        JsonObject parameter = object("name", singular(before));
        parameter.addProperty("in", "path");
        parameter.addProperty("required", true);
        parameter.add("schema", object("type", "string"));
        parameters.add(parameter);
      }
      before = segment;
    }
    if (route.isConversation() || route.body().equals(ANY)) {
      return parameters;
    }
    String named = route.path().field().split("\\.", 2)[0];
    for (FieldDescriptor field : route.method().getInputType().getFields()) {
      boolean elsewhere = field.getName().equals(named) || field.getName().equals(route.body());
      if (!elsewhere && isParameter(field)) {
        JsonObject parameter = object("name", field.getJsonName());
        parameter.addProperty("in", "query");
        describe(parameter, field.getFullName());
        parameter.add("schema", type(field));
        parameters.add(parameter);
      }
    }
    return parameters;
  }

  private static boolean isParameter(FieldDescriptor field) {
    return field.getJavaType() != FieldDescriptor.JavaType.MESSAGE
        || JsonText.TEXTS.containsKey(field.getMessageType().getFullName());
  }

  private JsonObject responses(Route route) {
    JsonObject responses = new JsonObject();
    if (route.isConversation()) {
      wanted(route.method().getInputType());
      wanted(route.method().getOutputType());
      responses.add("101", object("description", "The WebSocket is open."));
    } else {
      boolean streams = route.method().isServerStreaming();
      JsonObject good = object("description", streams ? "Events, each a message." : "The answer.");
      good.add(
          "content",
          content(streams ? Content.EVENTS : Content.JSON, route.method().getOutputType()));
      responses.add("200", withName(good));
    }
    JsonObject failure = object("description", "A refusal or a failure.");
    JsonObject media = new JsonObject();
    media.add("schema", object("$ref", "#/components/schemas/Error"));
    JsonObject content = new JsonObject();
    content.add(Responses.JSON, media);
    failure.add("content", content);
    responses.add("default", withName(failure));
    return responses;
  }

  private JsonObject content(Content content, Descriptor type) {
    JsonObject media = new JsonObject();
    media.add("schema", reference(type));
    JsonObject all = new JsonObject();
    all.add(content.type, media);
    return all;
  }

  private JsonObject reference(Descriptor type) {
    wanted(type);
    return object("$ref", "#/components/schemas/" + type.getFullName());
  }

  private void wanted(Descriptor type) {
    if (seen.add(type.getFullName())) {
      left.add(type);
    }
  }

  private JsonObject schema(Descriptor type) {
    JsonObject properties = new JsonObject();
    for (FieldDescriptor field : type.getFields()) {
      JsonObject property = type(field);
      describe(property, field.getFullName());
      if (comments.of(field.getFullName()).startsWith(OUTPUT_ONLY)) {
        property.addProperty("readOnly", true);
      }
      properties.add(field.getJsonName(), property);
    }
    JsonObject schema = object("type", "object");
    describe(schema, type.getFullName());
    if (!properties.isEmpty()) {
      schema.add("properties", properties);
    }
    return schema;
  }

  private JsonObject type(FieldDescriptor field) {
    if (field.isMapField()) {
      JsonObject map = object("type", "object");
      map.add("additionalProperties", one(field.getMessageType().findFieldByName("value")));
      return map;
    }
    if (!field.isRepeated()) {
      return one(field);
    }
    JsonObject list = object("type", "array");
    list.add("items", one(field));
    return list;
  }

  private JsonObject one(FieldDescriptor field) {
    return switch (field.getType()) {
      case BOOL -> object("type", "boolean");
      case INT32, SINT32, SFIXED32 -> formatted("integer", "int32");
      case UINT32, FIXED32 -> formatted("integer", "uint32");
      case INT64, SINT64, SFIXED64 -> formatted("string", "int64");
      case UINT64, FIXED64 -> formatted("string", "uint64");
      case FLOAT -> formatted("number", "float");
      case DOUBLE -> formatted("number", "double");
      case STRING -> object("type", "string");
      case BYTES -> formatted("string", "byte");
      case ENUM -> values(field.getEnumType());
      case MESSAGE, GROUP -> {
        String format = JsonText.TEXTS.get(field.getMessageType().getFullName());
        yield format == null ? reference(field.getMessageType()) : formatted("string", format);
      }
    };
  }

  private static JsonObject values(EnumDescriptor type) {
    JsonArray names = new JsonArray();
    type.getValues().stream().map(EnumValueDescriptor::getName).forEach(names::add);
    JsonObject schema = object("type", "string");
    schema.add("enum", names);
    return schema;
  }

  /** As https://google.aip.dev/193 has it. */
  private static JsonObject error() {
    JsonObject details = object("type", "array");
    details.add("items", object("type", "object"));
    JsonObject status = new JsonObject();
    status.add("code", formatted("integer", "int32"));
    status.add("message", object("type", "string"));
    status.add("details", details);
    JsonObject inner = object("type", "object");
    inner.addProperty(
        "description",
        "google.rpc.Status: the code is gRPC's; details have a google.rpc.ErrorInfo, whose reason is of"
            + " caisson.v1.Reason or caisson.executor.v1.Reason.");
    inner.add("properties", status);
    JsonObject properties = new JsonObject();
    properties.add("error", inner);
    JsonObject error = object("type", "object");
    error.add("properties", properties);
    return error;
  }

  private void describe(JsonObject schema, String fullName) {
    String comment = comments.of(fullName);
    if (!comment.isEmpty()) {
      schema.addProperty("description", comment);
    }
  }

  private static JsonObject formatted(String type, String format) {
    JsonObject schema = object("type", type);
    schema.addProperty("format", format);
    return schema;
  }

  private static JsonObject object(String name, String value) {
    JsonObject object = new JsonObject();
    object.addProperty(name, value);
    return object;
  }
}
