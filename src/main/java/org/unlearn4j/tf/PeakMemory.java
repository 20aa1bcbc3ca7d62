package org.unlearn4j.tf;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.tensorflow.proto.AllocationRecord;
import org.tensorflow.proto.AllocatorMemoryUsed;
import org.tensorflow.proto.DeviceStepStats;
import org.tensorflow.proto.NodeExecStats;
import org.tensorflow.proto.RunMetadata;
import org.tensorflow.proto.RunOptions;

/**
 * What a run held at most at one time, from the records that TensorFlow's allocators keep of a
 * traced run: every allocation and every release with its time. What was there before, as the
 * variables, is not in it.
 */
public final class PeakMemory {
  private PeakMemory() {}

  /** Options of a run of which {@link #bytes} shall be asked; it is slower than others. */
  public static RunOptions options() {
    return RunOptions.newBuilder().setTraceLevel(RunOptions.TraceLevel.FULL_TRACE).build();
  }

  /** Bytes, on all devices together. */
  public static long bytes(RunMetadata run) {
    List<AllocationRecord> records = new ArrayList<>();
    for (DeviceStepStats device : run.getStepStats().getDevStatsList()) {
      for (NodeExecStats node : device.getNodeStatsList()) {
        for (AllocatorMemoryUsed allocator : node.getMemoryList()) {
          records.addAll(allocator.getAllocationRecordsList());
        }
      }
    }
    // Times are in microseconds: within one, what was released is taken to have gone first.
    records.sort(
        Comparator.comparingLong(AllocationRecord::getAllocMicros)
            .thenComparingLong(AllocationRecord::getAllocBytes));
    long held = 0;
    long most = 0;
    for (AllocationRecord record : records) {
      held += record.getAllocBytes();
      most = Math.max(most, held);
    }
    return most;
  }
}
