package dev.caisson.scenarios;

/** On a root file system whose changes are in memory, and gone with the container. */
class ContainersOnOverlayIT extends ContainerScenarios {
  @Override
  Document document(String... args) {
    return super.document(args).overMemory();
  }
}
