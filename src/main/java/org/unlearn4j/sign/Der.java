package org.unlearn4j.sign;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * As much of ASN.1's distinguished encoding (X.690) as the two forms of an elliptic curve's private
 * key take.
 *
 * @param tag of the element
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Der(int tag, byte[] content) {
  static final int INTEGER = 0x02;
  static final int OCTETS = 0x04;
  static final int OID = 0x06;
  static final int SEQUENCE = 0x30;

  /** The first two explicit tags of RFC 5915. */
  static final int PARAMETERS = 0xa0;

  static final int PUBLIC = 0xa1;

  private static final int LONG_FORM = 0x80;

  /**
   * The element that some bytes begin with.
   *
   * @throws IllegalArgumentException if they do not
   */
  static Der of(byte[] bytes) {
    return all(bytes).stream()
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("nothing"));
  }

  private static List<Der> all(byte[] bytes) {
    List<Der> all = new ArrayList<>();
    int at = 0;
    while (at < bytes.length) {
      int tag = bytes[at++] & 0xff;
      int length = at < bytes.length ? bytes[at++] & 0xff : LONG_FORM;
      if (length >= LONG_FORM) {
        int octets = length - LONG_FORM;
        if (octets < 1 || octets > 3 || at + octets > bytes.length) {
          throw new IllegalArgumentException("a length of " + octets + " octets");
        }
        length = 0;
        for (int i = 0; i < octets; i++) {
          length = (length << Byte.SIZE) | (bytes[at++] & 0xff);
        }
      }
      if (length > bytes.length - at) {
        throw new IllegalArgumentException("an element beyond the end");
      }
      all.add(new Der(tag, Arrays.copyOfRange(bytes, at, at + length)));
      at += length;
    }
    return all;
  }

  /** The elements inside. */
  List<Der> children() {
    return all(content);
  }

  /** The first element inside that has a tag. */
  Optional<Der> child(int wanted) {
    return children().stream().filter(c -> c.tag == wanted).findFirst();
  }

  static Der sequence(Der... children) {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    for (Der child : children) {
      content.writeBytes(child.encoded());
    }
    return new Der(SEQUENCE, content.toByteArray());
  }

  byte[] encoded() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(tag);
    if (content.length < LONG_FORM) {
      out.write(content.length);
    } else if (content.length <= 0xff) {
      out.write(LONG_FORM + 1);
      out.write(content.length);
    } else {
      out.write(LONG_FORM + 2);
      out.write(content.length >> Byte.SIZE);
      out.write(content.length & 0xff);
    }
    out.writeBytes(content);
    return out.toByteArray();
  }
}
