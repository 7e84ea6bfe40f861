package dev.caisson.cli;

import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.PauseContainerRequest;
import picocli.CommandLine.Command;

@Command(name = "pause", description = "Freezes every process of a container.")
final class PauseCommand extends OneContainer {

  @Override
  Container change(Target target, String name) {
    return target
        .containers()
        .pauseContainer(PauseContainerRequest.newBuilder().setName(name).build());
  }
}
