package org.unlearn4j.tf;

import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.Arrays;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.tensorflow.internal.c_api.TFE_Context;
import org.tensorflow.internal.c_api.TFE_ContextOptions;
import org.tensorflow.internal.c_api.TFE_Op;
import org.tensorflow.internal.c_api.TFE_TensorHandle;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.tensorflow.proto.ClusterDef;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.JobDef;
import org.tensorflow.proto.ServerDef;

/**
 * One of several processes that add up a vector by TensorFlow's collective operations, over gRPC
 * and on the CPU. Its arguments are its own number and a port for each process; it prints the sum
 * of all vectors {@code [number + 1, 10 * (number + 1)]}.
 */
final class TwoProcesses {
  private static final String LEADER = "/job:worker/replica:0/task:0";
  private static final int SECONDS = 60;

  private TwoProcesses() {}

  public static void main(String... args) {
    int task = Integer.parseInt(args[0]);
    String[] ports = Arrays.copyOfRange(args, 1, args.length);
    float own = task + 1;
    System.out.println(Arrays.toString(sum(task, ports, own, 10 * own)));
    System.out.flush();
    Runtime.getRuntime().halt(0); // a gRPC server has no orderly end
  }

  private static ServerDef server(int task, String... ports) {
    JobDef.Builder job = JobDef.newBuilder().setName("worker");
    for (int i = 0; i < ports.length; i++) {
      job.putTasks(i, "127.0.0.1:" + ports[i]);
    }
    ConfigProto.Builder config = ConfigProto.newBuilder().putDeviceCount("CPU", 1);
    config.getExperimentalBuilder().setCollectiveGroupLeader(LEADER);
    return ServerDef.newBuilder()
        .setCluster(ClusterDef.newBuilder().addJob(job))
        .setJobName("worker")
        .setTaskIndex(task)
        .setProtocol("grpc")
        .setDefaultSessionConfig(config)
        .build();
  }

  @SuppressWarnings("try") // the scope is there to be closed
  private static float[] sum(int task, String[] ports, float... values) {
    try (PointerScope scope = new PointerScope()) {
      TF_Status status = TF_Status.newStatus();
      TFE_Context context = TFE_Context.newContext(TFE_ContextOptions.newContextOptions(), status);
      status.throwExceptionIfNotOK();
      BytePointer bytes = new BytePointer(server(task, ports).toByteArray());
      tensorflow.TFE_EnableCollectiveOps(context, bytes, bytes.capacity(), status);
      status.throwExceptionIfNotOK();
      TFE_Op op = TFE_Op.newOp(context, "CollectiveReduceV2", status);
      status.throwExceptionIfNotOK();
      tensorflow.TFE_OpSetDevice(
          op, "/job:worker/replica:0/task:" + task + "/device:CPU:0", status);
      status.throwExceptionIfNotOK();
      tensorflow.TFE_OpAddInput(op, vector(values), status);
      for (int input : new int[] {ports.length, 1, 1}) { // size and key of the group, of the sum
        tensorflow.TFE_OpAddInput(op, number(input), status);
      }
      status.throwExceptionIfNotOK();
      tensorflow.TFE_OpSetAttrType(op, "T", DataType.DT_FLOAT_VALUE);
      text(op, "merge_op", "Add");
      text(op, "final_op", "Id");
      text(op, "communication_hint", "ring");
      tensorflow.TFE_OpSetAttrInt(op, "Nordering_token", 0);
      tensorflow.TFE_OpSetAttrFloat(op, "timeout_seconds", SECONDS);
      TFE_TensorHandle result = new TFE_TensorHandle();
      int[] count = {1};
      tensorflow.TFE_Execute(op, result, count, status);
      status.throwExceptionIfNotOK();
      TF_Tensor tensor = tensorflow.TFE_TensorHandleResolve(result, status);
      status.throwExceptionIfNotOK();
      FloatBuffer found =
          tensorflow.TF_TensorData(tensor)
              .capacity(4L * values.length)
              .asByteBuffer()
              .order(java.nio.ByteOrder.nativeOrder())
              .asFloatBuffer();
      float[] sum = new float[values.length];
      found.get(sum);
      return sum;
    }
  }

  private static void text(TFE_Op op, String name, String value) {
    BytePointer bytes = new BytePointer(value);
    tensorflow.TFE_OpSetAttrString(op, name, bytes, value.length());
  }

  private static TFE_TensorHandle vector(float... values) {
    TF_Tensor tensor =
        tensorflow.TF_AllocateTensor(
            DataType.DT_FLOAT_VALUE, new long[] {values.length}, 1, 4L * values.length);
    FloatBuffer data =
        tensorflow.TF_TensorData(tensor)
            .capacity(4L * values.length)
            .asByteBuffer()
            .order(java.nio.ByteOrder.nativeOrder())
            .asFloatBuffer();
    data.put(values);
    return handle(tensor);
  }

  private static TFE_TensorHandle number(int value) {
    TF_Tensor tensor = tensorflow.TF_AllocateTensor(DataType.DT_INT32_VALUE, new long[0], 0, 4);
    IntBuffer data =
        tensorflow.TF_TensorData(tensor)
            .capacity(4)
            .asByteBuffer()
            .order(java.nio.ByteOrder.nativeOrder())
            .asIntBuffer();
    data.put(value);
    return handle(tensor);
  }

  private static TFE_TensorHandle handle(TF_Tensor tensor) {
    TF_Status status = TF_Status.newStatus();
    TFE_TensorHandle handle = TFE_TensorHandle.newTensor(tensor, status);
    status.throwExceptionIfNotOK();
    return handle;
  }
}
