package org.unlearn4j.train;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.CRC32C;
import org.tensorflow.proto.Event;
import org.tensorflow.proto.Summary;
import org.unlearn4j.base.AtomicFiles;

/**
 * Scalars as TensorBoard reads them: a file of TFRecords (length, its checksum, an {@code Event},
 * its checksum), one record a step. A resumed run begins a file of its own in the same folder, as
 * TensorBoard expects.
 */
public final class EventLog implements AutoCloseable {
  private final OutputStream out;

  /**
   * Begins a file.
   *
   * @param folder of the run; TensorBoard shows one curve a folder
   */
  EventLog(Path folder) {
    try {
      AtomicFiles.createFolders(folder);
      long now = System.currentTimeMillis();
      Path file = folder.resolve("events.out.tfevents." + now / 1000 + "." + now % 1000);
      out = new BufferedOutputStream(Files.newOutputStream(file));
      write(event().setFileVersion("brain.Event:2").build());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Writes scalars that belong to no step, such as the metrics of an evaluation, in place of those
   * that were there: TensorBoard shows them as one point each.
   *
   * @param folder of these scalars alone
   */
  public static void replace(Path folder, Map<String, Double> scalars) {
    AtomicFiles.deleteTree(folder);
    try (EventLog log = new EventLog(folder)) {
      log.step(0, scalars);
    }
  }

  /** Appends the scalars of a step. */
  void step(int step, Map<String, Double> scalars) {
    Summary.Builder summary = Summary.newBuilder();
    scalars.forEach(
        (name, value) ->
            summary.addValue(
                Summary.Value.newBuilder().setTag(name).setSimpleValue(value.floatValue())));
    try {
      write(event().setStep(step).setSummary(summary).build());
      out.flush(); // somebody may be watching
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Event.Builder event() {
    return Event.newBuilder().setWallTime(System.currentTimeMillis() / 1e3);
  }

  private void write(Event event) throws IOException {
    byte[] data = event.toByteArray();
    byte[] length =
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(data.length).array();
    out.write(length);
    out.write(checksum(length));
    out.write(data);
    out.write(checksum(data));
  }

  /** TFRecord's masked CRC-32C, four bytes, the lowest first. */
  static byte[] checksum(byte[] data) {
    CRC32C crc = new CRC32C();
    crc.update(data);
    int value = (int) crc.getValue();
    int masked = Integer.rotateRight(value, 15) + 0xa282ead8;
    return ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(masked).array();
  }

  @Override
  public void close() {
    try {
      out.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
