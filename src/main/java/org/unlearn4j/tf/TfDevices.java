package org.unlearn4j.tf;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.tensorflow.TensorFlow;
import org.tensorflow.internal.c_api.TFE_Context;
import org.tensorflow.internal.c_api.TFE_ContextOptions;
import org.tensorflow.internal.c_api.TF_DeviceList;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.GPUOptions;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.Verbose;

/** What TensorFlow can compute on. */
public final class TfDevices {
  private static final String ASKED = "TensorFlow is asked for its devices, and opens ";

  private static final String REFUSED = "TensorFlow could not open a device (";

  private TfDevices() {}

  /**
   * A device.
   *
   * @param name as TensorFlow spells it, for instance {@code /device:GPU:0}
   * @param type {@code CPU} or {@code GPU}
   * @param memoryBytes what TensorFlow may take of it
   */
  public record Device(String name, String type, long memoryBytes) {
    /** Whether it is a GPU. */
    public boolean gpu() {
      return type.equals("GPU");
    }
  }

  /** TensorFlow's version; loads the native library. */
  public static String version() {
    return TensorFlow.version();
  }

  /**
   * All devices, from a context made for the question alone; it takes no more GPU memory than it
   * needs. It is for a program that only looks: every GPU is opened by it, and TensorFlow then has
   * numbers for them, by which no graph can be computed on any but the first.
   *
   * @throws MachineException if a GPU that is there cannot be opened
   */
  public static List<Device> list() {
    Verbose.line(ASKED + "every GPU");
    return ask(GPUOptions.newBuilder())
        .orElseThrow(() -> new MachineException(REFUSED + "found a number without a device)"));
  }

  /**
   * The devices of a process that sees one GPU only; no GPU among them where there is none of that
   * number. Within a process, TensorFlow must not be asked for two of them.
   *
   * @param gpu as the driver counts
   * @throws MachineException if it is there and cannot be opened: its memory is full, or another
   *     process has it for itself
   */
  static List<Device> visible(int gpu) {
    Verbose.line(ASKED + "GPU " + gpu);
    return ask(GPUOptions.newBuilder().setVisibleDeviceList(Integer.toString(gpu)))
        .orElse(List.of());
  }

  /** The same of several GPUs, in the order in which TensorFlow counts them from then on. */
  static List<Device> visible(List<Integer> gpus) {
    Verbose.line(ASKED + "GPUs " + gpus);
    String numbers = gpus.stream().map(String::valueOf).collect(Collectors.joining(","));
    return ask(GPUOptions.newBuilder().setVisibleDeviceList(numbers)).orElse(List.of());
  }

  /** Empty where there is no GPU of a number that was asked for. */
  @SuppressWarnings("try") // the scope is there to be closed
  private static Optional<List<Device>> ask(GPUOptions.Builder gpus) {
    try (PointerScope scope = new PointerScope()) {
      TF_Status status = TF_Status.newStatus();
      byte[] config =
          ConfigProto.newBuilder().setGpuOptions(gpus.setAllowGrowth(true)).build().toByteArray();
      TFE_ContextOptions options = tensorflow.TFE_NewContextOptions();
      tensorflow.TFE_ContextOptionsSetConfig(
          options, new BytePointer(config), config.length, status);
      check(status);
      TFE_Context context = tensorflow.TFE_NewContext(options, status);
      tensorflow.TFE_DeleteContextOptions(options);
      if (!there(tensorflow.TF_GetCode(status), tensorflow.TF_Message(status).getString())) {
        return Optional.empty();
      }
      try {
        return Optional.of(devices(context, status));
      } finally {
        tensorflow.TFE_DeleteContext(context);
      }
    }
  }

  private static List<Device> devices(TFE_Context context, TF_Status status) {
    TF_DeviceList list = tensorflow.TFE_ContextListDevices(context, status);
    check(status);
    List<Device> devices = new ArrayList<>();
    try {
      for (int i = 0; i < tensorflow.TF_DeviceListCount(list); i++) {
        String name = tensorflow.TF_DeviceListName(list, i, status).getString();
        String type = tensorflow.TF_DeviceListType(list, i, status).getString();
        long bytes = tensorflow.TF_DeviceListMemoryBytes(list, i, status);
        check(status);
        devices.add(new Device(name.substring(name.indexOf("/device:")), type, bytes));
      }
    } finally {
      tensorflow.TF_DeleteDeviceList(list);
    }
    return devices;
  }

  /**
   * What TensorFlow's answer means: it calls a number that is too high an invalid argument;
   * whatever else keeps it from a device that is there is nobody's mistake here.
   *
   * @throws MachineException with the first line of what TensorFlow says
   */
  static boolean there(int code, String message) {
    if (code == tensorflow.TF_OK) {
      return true;
    }
    if (code == tensorflow.TF_INVALID_ARGUMENT) {
      return false;
    }
    throw new MachineException(REFUSED + message.lines().findFirst().orElse("no reason") + ")");
  }

  private static void check(TF_Status status) {
    if (!there(tensorflow.TF_GetCode(status), tensorflow.TF_Message(status).getString())) {
      throw new IllegalStateException(tensorflow.TF_Message(status).getString());
    }
  }
}
