package dev.caisson.executor.hook;

/**
 * What a listener for system calls is told with the descriptor. Source: runtime-spec
 * config-linux.md, "The Container Process State".
 *
 * @param pid of the process whose filter it is, as the host sees it
 * @param metadata the specification's {@code listenerMetadata}
 */
public record ProcessStateJson(StateJson state, int pid, String metadata) {
  public String text() {
    StringBuilder json = new StringBuilder("{");
    StateJson.field(json, "ociVersion", state.ociVersion());
    json.append(",\"fds\":[\"seccompFd\"],\"pid\":").append(pid).append(',');
    StateJson.field(json, "metadata", metadata);
    return json.append(",\"state\":").append(state.text()).append('}').toString();
  }
}
