package org.unlearn4j.tf;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.GPUOptions;
import org.unlearn4j.nn.Parameter;

/**
 * Several devices that compute one graph: all of them GPUs, or so many virtual devices of the CPU,
 * which is how tests see it. TensorFlow numbers them by their place here. They are of one process,
 * or each of a process of its own.
 *
 * @param form what each of them has
 * @param devices at least two
 * @param processes which have a device each, in this order; empty where this one has all
 */
public record Spread(Form form, List<Device> devices, Optional<Processes> processes) {

  /** What a device has. */
  public enum Form {
    /**
     * All parameters and some of the batch's rows. Gradients are summed where the parameter is at
     * home, which is also where its moments are; the others get its new value.
     */
    REPLICAS,
    /** All rows and some of the blocks: the residual stream goes from device to device. */
    STAGES
  }

  public Spread {
    devices = List.copyOf(devices);
    if (devices.size() < 2) {
      throw new IllegalArgumentException(devices.size() + " devices, expected two or more");
    }
    if (devices.stream().map(Device::isGpu).distinct().count() != 1) {
      throw new IllegalArgumentException("found a GPU beside a CPU in " + devices);
    }
    int count = devices.size();
    if (processes.filter(p -> p.count() != count).isPresent()) {
      throw new IllegalArgumentException(processes + ", expected one for each of " + devices);
    }
  }

  /** Of this process. */
  public Spread(Form form, List<Device> devices) {
    this(form, devices, Optional.empty());
  }

  /** So many virtual devices of the CPU. */
  public static Spread cpus(Form form, int count) {
    return new Spread(form, Collections.nCopies(count, Device.CPU));
  }

  /** How many devices there are. */
  public int count() {
    return devices.size();
  }

  /**
   * As the session calls the device at a place: {@code /device:CPU:1}, or that of a process, {@code
   * /job:train/replica:0/task:1/device:CPU:0}.
   */
  public String name(int place) {
    if (processes.isPresent()) {
      return Processes.task(place) + devices.get(place).name();
    }
    return (devices.get(place).isGpu() ? "/device:GPU:" : "/device:CPU:") + place;
  }

  /**
   * The part of a model's values that the fullest device has of them: 1 where each has all, else
   * that of its blocks, and on the first also of what is in no block.
   */
  public double largestPart(List<Parameter> parameters) {
    if (form == Form.REPLICAS) {
      return 1;
    }
    Stages stages = Stages.of(parameters, count());
    long[] held = new long[count()];
    parameters.forEach(p -> held[stages.of(p)] += p.size());
    return (double) LongStream.of(held).max().orElseThrow() / LongStream.of(held).sum();
  }

  /**
   * Options of a session that sees these devices. What has no kernel for a GPU goes to the host;
   * {@link Placement} looks at what must not.
   */
  ConfigProto.Builder options() {
    ConfigProto.Builder options = devices.get(0).options().setAllowSoftPlacement(true);
    if (processes.isPresent()) {
      // Else variables would outlive their session, and meet those of the next.
      return options.setIsolateSessionState(true);
    }
    if (devices.get(0).isGpu()) {
      String visible =
          devices.stream().map(d -> Integer.toString(d.gpu())).collect(Collectors.joining(","));
      return options.setGpuOptions(
          GPUOptions.newBuilder().setAllowGrowth(true).setVisibleDeviceList(visible));
    }
    return options.putDeviceCount("CPU", count());
  }
}
