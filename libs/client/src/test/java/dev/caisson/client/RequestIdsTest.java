package dev.caisson.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import java.util.List;
import org.junit.jupiter.api.Test;

/** By the descriptors, so that no message with the field is forgotten. */
class RequestIdsTest {
  private final RecordingChannel channel = new RecordingChannel();
  private final RequestIds ids = new RequestIds(() -> "made");

  private <Q> Message sent(MethodDescriptor<Q, ?> method, Message request) {
    channel.sent.clear();
    ids.interceptCall(method, CallOptions.DEFAULT, channel)
        .sendMessage(method.parseRequest(request.toByteString().newInput()));
    return (Message) channel.sent.getFirst();
  }

  private static Message with(Message request, List<FieldDescriptor> path, String id) {
    Message.Builder builder = request.toBuilder();
    if (path.size() == 1) {
      return builder.setField(path.getFirst(), id).build();
    }
    Message.Builder below = builder.newBuilderForField(path.getFirst());
    return builder.setField(path.getFirst(), below.setField(path.get(1), id).build()).build();
  }

  @Test
  void givesOneToEveryMutationWithout() {
    int mutations = 0;
    for (MethodDescriptor<?, ?> method : Api.methods()) {
      var path = Api.requestId(Api.request(method)).filter(_ -> !isPlan(method));
      if (path.isPresent()) {
        mutations++;
        Message request = Api.request(method);
        assertThat(sent(method, with(request, path.get(), "")))
            .isEqualTo(with(request, path.get(), "made"));
        assertThat(sent(method, with(request, path.get(), "mine")))
            .isEqualTo(with(request, path.get(), "mine"));
      }
    }
    assertThat(mutations).isEqualTo(12);
  }

  /** It does nothing, so that there is nothing to do twice. */
  private static boolean isPlan(MethodDescriptor<?, ?> method) {
    return "PlanContainer".equals(method.getBareMethodName());
  }

  @Test
  void leavesEverythingElseAsItIs() {
    for (MethodDescriptor<?, ?> method : Api.methods()) {
      Message request = Api.request(method);
      if (Api.requestId(request).isEmpty()) {
        assertThat(sent(method, request)).isEqualTo(request);
      }
    }
  }
}
