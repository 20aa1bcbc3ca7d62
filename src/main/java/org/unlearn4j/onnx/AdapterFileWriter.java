package org.unlearn4j.onnx;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.unlearn4j.base.UserException;

/**
 * Writes ONNX Runtime's adapter files: a FlatBuffer of the schema {@code
 * onnxruntime/lora/adapter_format/adapter_schema.fbs}, tables of the file first, then one parameter
 * after the other, so that no more than one matrix is in memory.
 *
 * <p>A FlatBuffer is little-endian. A table begins with the distance back to its vtable, which says
 * where each field lies; strings and vectors begin with their length; offsets count from where they
 * stand.
 */
final class AdapterFileWriter {
  static final String IDENTIFIER = "TORT";
  static final int FORMAT_VERSION = 1;

  /** {@code TensorDataType.FLOAT} of the schema. */
  static final int FLOAT = 1;

  private static final int ROOT_VTABLE = 8;
  private static final int PARAMETER_VTABLE = 20;
  private static final int ROOT = 32;
  private static final int LIST = 52;

  /** Fields of both tables: four of four bytes each behind the distance to the vtable. */
  private static final short[] VTABLE = {12, 20, 4, 8, 12, 16};

  private static final int TABLE = 20;

  /** Where a parameter's parts lie, from the beginning of the file. */
  private record Place(long table, long name, long dims, long data, long end) {
    static Place of(long table, int nameBytes, long dataBytes) {
      long name = table + TABLE;
      long dims = beforeEights(name + Integer.BYTES + nameBytes + 1);
      long data = beforeEights(dims + Integer.BYTES + 2 * Long.BYTES);
      return new Place(table, name, dims, data, data + Integer.BYTES + dataBytes);
    }

    /** The next place of a length of four bytes that values at a multiple of eight follow. */
    private static long beforeEights(long at) {
      return (at + 3) / 8 * 8 + 4;
    }
  }

  private final int modelVersion;
  private final List<AdapterFactor> factors;
  private final List<byte[]> names = new ArrayList<>();
  private final List<Place> places = new ArrayList<>();
  private long written;

  /**
   * Lays a file out.
   *
   * @param modelVersion which model it belongs to; 0: it does not say
   * @throws UserException if the file would have 2 GiB or more, which no FlatBuffer has
   */
  AdapterFileWriter(int modelVersion, List<AdapterFactor> factors) {
    this.modelVersion = modelVersion;
    this.factors = List.copyOf(factors);
    long at = LIST + Integer.BYTES + (long) Integer.BYTES * factors.size();
    for (AdapterFactor f : factors) {
      byte[] name = f.name().getBytes(StandardCharsets.UTF_8);
      names.add(name);
      Place place = Place.of((at + 3) / 4 * 4, name.length, f.bytes());
      places.add(place);
      at = place.end;
    }
    if (at > Integer.MAX_VALUE) {
      throw new UserException(
          "Adapter: found "
              + at
              + " bytes in all, expected less than 2 GiB, for ONNX Runtime's adapter files hold no"
              + " more (export.adapter: merged, or a lower rank).");
    }
  }

  /** Bytes of the file. */
  long size() {
    return places.isEmpty() ? LIST + Integer.BYTES : places.get(places.size() - 1).end;
  }

  /** Writes it. */
  void write(WritableByteChannel to) throws IOException {
    ByteBuffer head = buffer(LIST + Integer.BYTES + Integer.BYTES * factors.size());
    head.putInt(ROOT).put(IDENTIFIER.getBytes(StandardCharsets.US_ASCII));
    for (int table = 0; table < 2; table++) {
      for (short s : VTABLE) {
        head.putShort(s);
      }
    }
    head.putInt(ROOT - ROOT_VTABLE).putInt(FORMAT_VERSION).putInt(1).putInt(modelVersion);
    head.putInt(LIST - head.position()).putInt(factors.size());
    for (Place p : places) {
      head.putInt((int) p.table - head.position());
    }
    put(to, head);
    for (int i = 0; i < factors.size(); i++) {
      parameter(to, factors.get(i), names.get(i), places.get(i));
    }
  }

  private void parameter(WritableByteChannel to, AdapterFactor f, byte[] name, Place p)
      throws IOException {
    ByteBuffer head = buffer((int) (p.data + Integer.BYTES - written));
    int start = (int) written;
    head.position((int) p.table - start);
    head.putInt((int) p.table - PARAMETER_VTABLE);
    head.putInt((int) (p.name - p.table) - 4).putInt((int) (p.dims - p.table) - 8).putInt(FLOAT);
    head.putInt((int) (p.data - p.table) - 16);
    head.putInt(name.length).put(name);
    head.position((int) p.dims - start);
    head.putInt(2).putLong(f.rows()).putLong(f.columns());
    head.position((int) p.data - start);
    head.putInt((int) f.bytes());
    put(to, head);
    ByteBuffer data = buffer((int) f.bytes());
    data.asFloatBuffer().put(f.values().get());
    data.position(data.limit());
    put(to, data);
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void put(WritableByteChannel to, ByteBuffer whole) throws IOException {
    whole.position(whole.limit()).flip();
    written += whole.remaining();
    while (whole.hasRemaining()) {
      to.write(whole);
    }
  }
}
