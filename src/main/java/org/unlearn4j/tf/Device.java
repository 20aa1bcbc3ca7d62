package org.unlearn4j.tf;

import java.util.List;
import org.tensorflow.DeviceSpec;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.GPUOptions;
import org.unlearn4j.base.NoGpuException;

/**
 * Where a graph is computed. A session sees the one device that was asked for: on {@code cpu} no
 * GPU at all, on {@code gpu:N} that GPU alone, which TensorFlow then calls {@code /device:GPU:0}.
 *
 * @param gpu number of the GPU as the driver counts, or -1 for the CPU
 */
public record Device(int gpu) {
  public static final Device CPU = new Device(-1);
  private static final String GPU_SETTING = "gpu:";

  /** Asked once a process: the answer costs a context on every GPU. */
  private static final class Seen {
    static final boolean GPU = TfDevices.list().stream().anyMatch(TfDevices.Device::gpu);
  }

  /** The first GPU where TensorFlow sees one, else the CPU. */
  public static Device auto() {
    return Seen.GPU ? new Device(0) : CPU;
  }

  /**
   * The device that a setting names.
   *
   * @param setting {@code auto}, {@code cpu} or {@code gpu:N}
   * @param key of the setting, for messages
   * @throws NoGpuException if there is no such GPU
   */
  public static Device named(String key, String setting) {
    if (setting.equals("auto")) {
      return auto();
    }
    if (!setting.startsWith(GPU_SETTING)) {
      return CPU;
    }
    int number = Integer.parseInt(setting.substring(GPU_SETTING.length()));
    if (TfDevices.visible(number).stream().noneMatch(TfDevices.Device::gpu)) {
      throw new NoGpuException(
          key + ": found " + setting + ", expected a GPU that TensorFlow sees");
    }
    return new Device(number);
  }

  /** Whether it is a GPU. */
  public boolean isGpu() {
    return gpu >= 0;
  }

  /** As a session of this device calls it: {@code /device:CPU:0} or {@code /device:GPU:0}. */
  public String name() {
    return isGpu() ? "/device:GPU:0" : "/device:CPU:0";
  }

  /** As a pipeline spells it. */
  public String setting() {
    return isGpu() ? GPU_SETTING + gpu : "cpu";
  }

  /** Operations that must be computed here. */
  Ops on(Ops tf) {
    return tf.withDevice(
        DeviceSpec.newBuilder()
            .deviceType(isGpu() ? DeviceSpec.DeviceType.GPU : DeviceSpec.DeviceType.CPU)
            .deviceIndex(0)
            .build());
  }

  /**
   * Options of a session that sees this device alone. Memory of a GPU is taken as it is needed.
   * What must be somewhere (see {@link #on}) is an error where it cannot be: no soft placement.
   */
  ConfigProto.Builder options() {
    GPUOptions.Builder gpus = GPUOptions.newBuilder().setAllowGrowth(true);
    ConfigProto.Builder options = ConfigProto.newBuilder().setAllowSoftPlacement(false);
    if (isGpu()) {
      gpus.setVisibleDeviceList(Integer.toString(gpu));
    } else {
      options.putDeviceCount("GPU", 0);
    }
    return options.setGpuOptions(gpus);
  }

  /** Bytes that TensorFlow may take of it; 0 for the CPU, of which it does not tell. */
  public long memoryBytes() {
    List<TfDevices.Device> devices = isGpu() ? TfDevices.visible(gpu) : List.of();
    return devices.stream()
        .filter(TfDevices.Device::gpu)
        .mapToLong(TfDevices.Device::memoryBytes)
        .sum();
  }
}
