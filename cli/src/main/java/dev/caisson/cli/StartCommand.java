package dev.caisson.cli;

import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.StartContainerRequest;
import picocli.CommandLine.Command;

@Command(name = "start", description = "Starts the program of a created container.")
final class StartCommand extends OneContainer {

  @Override
  Container change(Target target, String name) {
    return target
        .containers()
        .startContainer(StartContainerRequest.newBuilder().setName(name).build());
  }
}
