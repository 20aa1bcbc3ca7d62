package org.unlearn4j.tf;

import java.util.List;
import java.util.stream.Collectors;
import org.tensorflow.proto.ClusterDef;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.JobDef;
import org.tensorflow.proto.ServerDef;

/**
 * Processes that compute one graph together, a device each. The first one has the graph, feeds it
 * and keeps what comes of it; the others ({@link FurtherProcess}) compute what it sends them, by
 * TensorFlow's own servers.
 *
 * @param addresses {@code HOST:PORT} of each, where its server listens; the first one has the next
 *     port, too, for the {@link RollCall}
 */
public record Processes(List<String> addresses) {
  private static final String JOB = "train";

  public Processes {
    addresses = List.copyOf(addresses);
  }

  /** How many there are. */
  public int count() {
    return addresses.size();
  }

  /** As TensorFlow calls the process at a place. */
  static String task(int place) {
    return "/job:" + JOB + "/replica:0/task:" + place;
  }

  /** What the server of a process is to know: all addresses, which is its own, its device. */
  ServerDef server(int place, Device device) {
    JobDef.Builder job = JobDef.newBuilder().setName(JOB);
    for (int i = 0; i < count(); i++) {
      job.putTasks(i, addresses.get(i));
    }
    ConfigProto.Builder config = device.options();
    return ServerDef.newBuilder()
        .setCluster(ClusterDef.newBuilder().addJob(job))
        .setJobName(JOB)
        .setTaskIndex(place)
        .setProtocol("grpc")
        .setDefaultSessionConfig(device.isGpu() ? config : config.putDeviceCount("CPU", 1))
        .build();
  }

  /** Where the first process calls the roll. */
  String rollHost() {
    return addresses.get(0).substring(0, addresses.get(0).lastIndexOf(':'));
  }

  int rollPort() {
    String first = addresses.get(0);
    return Integer.parseInt(first.substring(first.lastIndexOf(':') + 1)) + 1;
  }

  @Override
  public String toString() {
    return addresses.stream().collect(Collectors.joining(", "));
  }
}
