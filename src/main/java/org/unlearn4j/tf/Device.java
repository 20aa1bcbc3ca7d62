package org.unlearn4j.tf;

import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.tensorflow.DeviceSpec;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.GPUOptions;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.NoGpuException;

/**
 * Where a graph is computed. A session sees the one device that was asked for: on {@code cpu} no
 * GPU at all, on {@code gpu:N} that GPU alone, which TensorFlow then calls {@code /device:GPU:0}.
 *
 * @param gpu number of the GPU as the driver counts, or -1 for the CPU
 */
public record Device(int gpu) {
  public static final Device CPU = new Device(-1);

  /** Some GPU, for a plan: nothing is opened. */
  public static final Device GPU = new Device(0);

  private static final String GPU_SETTING = "gpu:";

  /**
   * The device that a setting names. Asking TensorFlow whether a GPU is there opens it, and binds
   * TensorFlow's own number 0 to that card for the rest of the process: nothing is asked under
   * {@code cpu}, and of no card but the one that is meant otherwise.
   *
   * @param setting {@code auto} (GPU 0 where TensorFlow sees it, else the CPU), {@code cpu} or
   *     {@code gpu:N}
   * @param key of the setting, for messages
   * @throws NoGpuException if there is no such GPU, or it cannot be opened; {@code auto} does not
   *     fall back to the CPU then, which would take many times as long without a word
   */
  public static Device named(String key, String setting) {
    return named(key, setting, TfDevices::visible);
  }

  /**
   * Several devices of one process, opened together: TensorFlow's own numbers for them are bound to
   * these cards, in this order, for the rest of the process.
   *
   * @param settings all of them {@code gpu:N}, or all {@code cpu:N}
   * @param key of the settings, for messages
   * @throws NoGpuException if a GPU of them is not there, or cannot be opened
   */
  public static List<Device> several(String key, List<String> settings) {
    return several(key, settings, TfDevices::visible);
  }

  static List<Device> several(
      String key, List<String> settings, Function<List<Integer>, List<TfDevices.Device>> visible) {
    List<Integer> cards =
        settings.stream().map(Device::number).flatMapToInt(OptionalInt::stream).boxed().toList();
    if (cards.isEmpty()) {
      return Collections.nCopies(settings.size(), CPU);
    }
    String found = key + ": found " + settings + ", expected GPUs that ";
    try {
      if (visible.apply(cards).stream().filter(TfDevices.Device::gpu).count() == cards.size()) {
        return cards.stream().map(Device::new).toList();
      }
    } catch (MachineException e) {
      throw new NoGpuException(found + "can be opened; " + e.getMessage(), e);
    }
    throw new NoGpuException(found + "TensorFlow sees");
  }

  /** A device that another process opens: {@code cpu} or {@code gpu:N}. */
  public static Device elsewhere(String setting) {
    OptionalInt card = number(setting);
    return card.isPresent() ? new Device(card.getAsInt()) : CPU;
  }

  /** The number in {@code gpu:N}; empty for a setting that names no card. */
  public static OptionalInt number(String setting) {
    return setting.startsWith(GPU_SETTING)
        ? OptionalInt.of(Integer.parseInt(setting.substring(GPU_SETTING.length())))
        : OptionalInt.empty();
  }

  /** The same where somebody else says which devices a process sees that is shown one GPU. */
  static Device named(String key, String setting, IntFunction<List<TfDevices.Device>> visible) {
    boolean any = setting.equals("auto");
    OptionalInt card = number(setting);
    if (!any && card.isEmpty()) {
      return CPU;
    }
    int number = card.orElse(0);
    try {
      if (visible.apply(number).stream().anyMatch(TfDevices.Device::gpu)) {
        return new Device(number);
      }
    } catch (MachineException e) {
      throw new NoGpuException(
          key + ": found " + setting + ", expected a GPU that can be opened; " + e.getMessage(), e);
    }
    if (any) {
      return CPU;
    }
    throw new NoGpuException(key + ": found " + setting + ", expected a GPU that TensorFlow sees");
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
