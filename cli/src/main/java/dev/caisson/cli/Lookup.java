package dev.caisson.cli;

import dev.caisson.proto.v1.ContainersGrpc.ContainersBlockingStub;
import dev.caisson.proto.v1.GetContainerRequest;
import dev.caisson.proto.v1.ListContainersRequest;
import dev.caisson.proto.v1.ListContainersResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Which container a user means, who may write the beginning of an id. */
final class Lookup {
  private static final int PAGE = 500;
  private static final int SHOWN = 5;

  /** What an id can begin with: anything else is for the gateway to refuse. */
  private static final Pattern BEGINNING = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.+-]*");

  private Lookup() {}

  /**
   * The name of the container of this id, or else of the only one whose id begins so.
   *
   * @throws CliException if several do
   */
  static String container(Target target, String id) {
    String name = target.names().container(id);
    if (!BEGINNING.matcher(id).matches() || exists(target, name)) {
      return name;
    }
    List<String> meant =
        all(target, "-").getContainersList().stream()
            .map(container -> Names.id(container.getName()))
            .filter(one -> one.startsWith(id))
            .sorted()
            .toList();
    return switch (meant.size()) {
      case 0 -> name; // and the gateway says that there is none
      case 1 -> target.names().container(meant.getFirst());
      default -> throw ambiguous(id, meant);
    };
  }

  private static CliException ambiguous(String id, List<String> meant) {
    Stream<String> more =
        meant.size() > SHOWN ? Stream.of((meant.size() - SHOWN) + " more") : Stream.of();
    List<String> words = Stream.concat(meant.stream().limit(SHOWN), more).toList();
    return new CliException(
        "ID is ambiguous: " + id + " begins " + String.join(", ", words),
        "write more of it, or all");
  }

  private static boolean exists(Target target, String name) {
    try {
      var _ =
          target.containers().getContainer(GetContainerRequest.newBuilder().setName(name).build());
      return true;
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.NOT_FOUND) {
        return false;
      }
      throw e;
    }
  }

  /** Every page as one answer. */
  static ListContainersResponse all(Target target, String sandbox) {
    return all(target.waiting(), target.names().sandbox(sandbox));
  }

  /** The same over a connection that is there. */
  static ListContainersResponse all(ContainersBlockingStub gateway, String parent) {
    ListContainersResponse.Builder all = ListContainersResponse.newBuilder();
    String token = "";
    do {
      ListContainersRequest request =
          ListContainersRequest.newBuilder()
              .setParent(parent)
              .setPageSize(PAGE)
              .setPageToken(token)
              .build();
      ListContainersResponse page =
          gateway.withDeadlineAfter(Target.DEADLINE).listContainers(request);
      all.addAllContainers(page.getContainersList());
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    return all.build();
  }
}
