package dev.caisson.cli;

import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.ResumeContainerRequest;
import picocli.CommandLine.Command;

@Command(name = "resume", description = "Lets a paused container go on.")
final class ResumeCommand extends OneContainer {

  @Override
  Container change(Target target, String name) {
    return target
        .containers()
        .resumeContainer(ResumeContainerRequest.newBuilder().setName(name).build());
  }
}
