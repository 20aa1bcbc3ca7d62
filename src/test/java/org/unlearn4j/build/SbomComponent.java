package org.unlearn4j.build;

import java.util.List;
import java.util.Locale;

/**
 * A jar or a native library as CycloneDX names it.
 *
 * @param place path within the folder; of a library in a jar that of the jar, {@code !/} and its
 *     own
 * @param purl package address; empty where there is none
 */
record SbomComponent(
    String place,
    String group,
    String name,
    String version,
    String purl,
    String sha256,
    List<String> licences) {

  SbomComponent {
    licences = List.copyOf(licences);
  }

  /** The whole document; the same components give the same bytes. */
  static String bom(List<SbomComponent> components) {
    StringBuilder out = new StringBuilder();
    out.append(
        "{\n  \"bomFormat\": \"CycloneDX\",\n  \"specVersion\": \"1.5\",\n  \"version\": 1,\n");
    out.append(
        "  \"metadata\": {\"component\": {\"type\": \"application\", \"name\": \"unlearn4j\"}},\n");
    out.append("  \"components\": [");
    String separator = "\n";
    for (SbomComponent c : components) {
      out.append(separator).append(c.json());
      separator = ",\n";
    }
    return out.append("\n  ]\n}\n").toString();
  }

  private String json() {
    StringBuilder out = new StringBuilder("    {\"type\": \"library\"");
    field(out, "bom-ref", place);
    if (!group.isEmpty()) {
      field(out, "group", group);
    }
    field(out, "name", name);
    if (!version.isEmpty()) {
      field(out, "version", version);
    }
    out.append(", \"hashes\": [{\"alg\": \"SHA-256\", \"content\": ").append(quoted(sha256));
    out.append("}]");
    if (!licences.isEmpty()) {
      String separator = ", \"licenses\": [";
      for (String licence : licences) {
        out.append(separator).append("{\"license\": {\"name\": ").append(quoted(licence));
        out.append("}}");
        separator = ", ";
      }
      out.append(']');
    }
    if (!purl.isEmpty()) {
      field(out, "purl", purl);
    }
    return out.append('}').toString();
  }

  private static void field(StringBuilder out, String name, String value) {
    out.append(", \"").append(name).append("\": ").append(quoted(value));
  }

  private static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ') {
        out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append('"').toString();
  }
}
