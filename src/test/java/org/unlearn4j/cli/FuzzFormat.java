package org.unlearn4j.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;

/**
 * Formats of files, each with the damage that a reader of it should be asked about: values in the
 * right places that are wrong, far more often than bytes that no parser lets pass.
 */
enum FuzzFormat {
  JSON {
    @Override
    byte[] change(byte[] file, Random r) throws IOException {
      return json(MAPPER.readTree(file), r);
    }
  },

  /** A tokenizer.json: whole parts are exchanged as well. */
  TOKENIZER {
    @Override
    byte[] change(byte[] file, Random r) throws IOException {
      JsonNode root = MAPPER.readTree(file);
      if (root instanceof ObjectNode object && r.nextInt(4) == 0) {
        String[] part = pick(FuzzWords.PARTS, r).split("=", 2);
        object.set(part[0], MAPPER.readTree(part[1]));
      }
      return json(root, r);
    }
  },

  JSON_LINES {
    @Override
    byte[] change(byte[] file, Random r) throws IOException {
      List<String> lines = new ArrayList<>(text(file).lines().toList());
      int at = r.nextInt(lines.size());
      switch (r.nextInt(5)) {
        case 0 -> lines.add(at, lines.get(r.nextInt(lines.size())));
        case 1 -> lines.remove(at);
        case 2 -> lines.set(at, lines.get(at) + lines.get(r.nextInt(lines.size())));
        default -> lines.set(at, text(json(MAPPER.readTree(lines.get(at)), r)));
      }
      return bytes(String.join(r.nextInt(9) == 0 ? "\r" : "\n", lines) + "\n");
    }
  },

  YAML {
    @Override
    byte[] change(byte[] file, Random r) {
      return words(file, "(?<=[ :,\\[\\]{}\n])|(?=[ :,\\[\\]{}\n])", FuzzWords.YAML_WORDS, r);
    }
  },

  /** A header length, a JSON header, data. */
  SAFETENSORS {
    @Override
    byte[] change(byte[] file, Random r) throws IOException {
      ByteBuffer all = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
      long length = file.length < 8 ? -1 : all.getLong(0);
      if (length < 2 || length > file.length - 8) {
        return any(file, r);
      }
      byte[] header = json(MAPPER.readTree(file, 8, (int) length), r);
      byte[] data = Arrays.copyOfRange(file, 8 + (int) length, file.length);
      if (r.nextInt(8) == 0) {
        data = any(data, r);
      }
      long written = r.nextInt(12) == 0 ? number(r).longValue() : header.length;
      return ByteBuffer.allocate(8 + header.length + data.length)
          .order(ByteOrder.LITTLE_ENDIAN)
          .putLong(written)
          .put(header)
          .put(data)
          .array();
    }
  },

  /** Protocol buffers, whatever they mean: fields within fields. */
  PROTOBUF {
    @Override
    byte[] change(byte[] file, Random r) throws IOException {
      return message(UnknownFieldSet.parseFrom(file), r, 0).toByteArray();
    }
  },

  JINJA {
    @Override
    byte[] change(byte[] file, Random r) {
      return words(file, "(?<=[ %{}()|.])|(?=[ %{}()|.])", FuzzWords.JINJA_WORDS, r);
    }
  },

  CSV {
    @Override
    byte[] change(byte[] file, Random r) {
      return words(file, "(?<=[,\"\n])|(?=[,\"\n])", FuzzWords.CSV_WORDS, r);
    }
  },

  TEXT {
    @Override
    byte[] change(byte[] file, Random r) {
      return words(file, "(?<=[ \n])|(?=[ \n])", FuzzWords.CSV_WORDS, r);
    }
  };

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  /** One change in the way of this format. */
  abstract byte[] change(byte[] file, Random r) throws IOException;

  /** Some changes, now and then of bytes. */
  byte[] damaged(byte[] file, Random r) {
    byte[] now = file;
    for (int i = 1 + r.nextInt(3); i > 0; i--) {
      try {
        now = r.nextInt(10) == 0 ? any(now, r) : change(now, r);
      } catch (IOException | RuntimeException e) {
        now = any(now, r); // it is no such file any more
      }
    }
    return now;
  }

  static <T> T pick(List<T> of, Random r) {
    return of.get(r.nextInt(of.size()));
  }

  private static BigInteger number(Random r) {
    return new BigInteger(pick(FuzzWords.NUMBERS, r));
  }

  private static String string(Random r) {
    return switch (r.nextInt(12)) {
      case 0 -> "x".repeat(70_000);
      case 1 -> "a b ".repeat(500);
      default -> pick(FuzzWords.TEXTS, r);
    };
  }

  private static String text(byte[] file) {
    return new String(file, StandardCharsets.UTF_8);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Bytes: cut off, doubled, overwritten, exchanged. */
  static byte[] any(byte[] file, Random r) {
    if (file.length == 0) {
      return new byte[] {(byte) r.nextInt(256)};
    }
    int at = r.nextInt(file.length);
    byte[] now = file.clone();
    switch (r.nextInt(7)) {
      case 0 -> now = Arrays.copyOf(file, at);
      case 1 -> now[at] ^= (byte) (1 << r.nextInt(8));
      case 2 -> now[at] = (byte) r.nextInt(256);
      case 3 -> Arrays.fill(now, at, Math.min(now.length, at + 1 + r.nextInt(16)), (byte) 0xff);
      case 4 -> now = Arrays.copyOfRange(file, at, file.length);
      case 5 -> now = Arrays.copyOf(file, file.length + 1 + r.nextInt(64));
      default -> {
        int more = Math.min(now.length - at, 1 + r.nextInt(200));
        ByteBuffer twice = ByteBuffer.allocate(now.length + more);
        twice.put(file, 0, at + more).put(file, at, file.length - at);
        now = twice.array();
      }
    }
    return now;
  }

  private static byte[] json(JsonNode root, Random r) throws IOException {
    List<JsonNode> containers = new ArrayList<>();
    collect(root, containers);
    if (containers.isEmpty() || r.nextInt(40) == 0) {
      return bytes(value(root, r).toString());
    }
    JsonNode in = pick(containers, r);
    if (in instanceof ObjectNode object && !object.isEmpty()) {
      change(object, pick(object.properties().stream().map(Map.Entry::getKey).toList(), r), r);
    } else if (in instanceof ArrayNode array && !array.isEmpty()) {
      change(array, r.nextInt(array.size()), r);
    }
    String text = root.toString();
    return bytes(r.nextInt(60) == 0 ? "[".repeat(r.nextInt(3000)) + text : text);
  }

  private static void change(ObjectNode object, String key, Random r) {
    switch (r.nextInt(8)) {
      case 0 -> object.remove(key);
      case 1 -> object.set(string(r), object.remove(key));
      case 2 -> object.set(key + "x", object.get(key));
      default -> object.set(key, value(object.get(key), r));
    }
  }

  private static void change(ArrayNode array, int at, Random r) {
    switch (r.nextInt(8)) {
      case 0 -> array.remove(at);
      case 1 -> array.insert(at, array.get(r.nextInt(array.size())));
      case 2 -> array.add(value(array.get(at), r));
      default -> array.set(at, value(array.get(at), r));
    }
  }

  /** Containers at most a level of hundreds, so that small parts of large files are found too. */
  private static void collect(JsonNode node, List<JsonNode> into) {
    if (node.isContainerNode()) {
      into.add(node);
      int few = 0;
      for (JsonNode each : node) {
        if (few++ < 300) {
          collect(each, into);
        }
      }
    }
  }

  /** What could stand there instead: of the same kind twice in three times. */
  private static JsonNode value(JsonNode old, Random r) {
    if (old.isNumber() && r.nextInt(3) > 0) {
      return switch (r.nextInt(4)) {
        case 0 -> NODES.numberNode(old.asLong() + r.nextInt(5) - 2);
        case 1 -> NODES.numberNode(pick(List.of(-0.5, 0.0, 1e-300, 1e300, 1.5), r));
        default -> NODES.numberNode(number(r));
      };
    }
    if (old.isTextual() && r.nextInt(3) > 0) {
      return NODES.textNode(r.nextInt(3) == 0 ? old.asText() + string(r) : string(r));
    }
    return switch (r.nextInt(8)) {
      case 0 -> NODES.nullNode();
      case 1 -> NODES.booleanNode(r.nextBoolean());
      case 2 -> NODES.arrayNode();
      case 3 -> NODES.objectNode();
      case 4 -> NODES.arrayNode().add(old).add(old);
      case 5 -> NODES.objectNode().set("x", old);
      case 6 -> NODES.textNode(string(r));
      default -> NODES.numberNode(number(r));
    };
  }

  /** Pieces of a text: left out, doubled, moved, exchanged for others. */
  private static byte[] words(byte[] file, String between, List<String> others, Random r) {
    List<String> words = new ArrayList<>(Arrays.asList(text(file).split(between, -1)));
    int at = r.nextInt(words.size());
    switch (r.nextInt(6)) {
      case 0 -> words.remove(at);
      case 1 -> words.add(at, words.get(r.nextInt(words.size())));
      case 2 -> words.set(at, pick(others, r));
      case 3 -> words.add(at, pick(others, r).repeat(1 + r.nextInt(r.nextInt(20) == 0 ? 3000 : 3)));
      case 4 -> words.set(at, r.nextBoolean() ? string(r) : number(r).toString());
      default -> {
        String moved = words.remove(at);
        words.add(r.nextInt(words.size() + 1), moved);
      }
    }
    return bytes(words.stream().collect(Collectors.joining()));
  }

  private static UnknownFieldSet message(UnknownFieldSet old, Random r, int depth) {
    List<Integer> numbers = List.copyOf(old.asMap().keySet());
    if (numbers.isEmpty()) {
      return old;
    }
    int number = pick(numbers, r);
    UnknownFieldSet.Field field = old.getField(number);
    UnknownFieldSet.Builder now = old.toBuilder();
    if (r.nextInt(12) == 0) {
      return now.clearField(number).build();
    }
    UnknownFieldSet.Field.Builder changed = UnknownFieldSet.Field.newBuilder();
    field.getFixed32List().forEach(v -> changed.addFixed32(r.nextInt(3) == 0 ? r.nextInt() : v));
    field.getFixed64List().forEach(v -> changed.addFixed64(r.nextInt(3) == 0 ? r.nextLong() : v));
    int one = field.getVarintList().isEmpty() ? -1 : r.nextInt(field.getVarintList().size());
    for (int i = 0; i < field.getVarintList().size(); i++) {
      changed.addVarint(i == one ? number(r).longValue() : field.getVarintList().get(i));
    }
    List<ByteString> parts = field.getLengthDelimitedList();
    int part = parts.isEmpty() ? -1 : r.nextInt(parts.size());
    for (int i = 0; i < parts.size(); i++) {
      changed.addLengthDelimited(i == part ? content(parts.get(i), r, depth) : parts.get(i));
      if (i == part && r.nextInt(20) == 0) {
        changed.addLengthDelimited(parts.get(i));
      }
    }
    return now.mergeField(number, UnknownFieldSet.Field.getDefaultInstance())
        .addField(number, changed.build())
        .build();
  }

  /** A message, a text or data: nobody knows. */
  private static ByteString content(ByteString old, Random r, int depth) {
    if (depth < 8 && r.nextInt(6) > 0) {
      try {
        UnknownFieldSet inner = UnknownFieldSet.parseFrom(old);
        if (!inner.asMap().isEmpty() && !inner.asMap().containsKey(0)) {
          return message(inner, r, depth + 1).toByteString();
        }
      } catch (InvalidProtocolBufferException e) {
        // no message
      }
    }
    return switch (r.nextInt(4)) {
      case 0 -> ByteString.copyFrom(any(old.toByteArray(), r));
      case 1 -> ByteString.copyFromUtf8(number(r).toString());
      default -> ByteString.copyFromUtf8(string(r));
    };
  }
}
