package org.unlearn4j.build;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.SAXException;

/**
 * Whose an artifact is, by the POM beside it in a Maven repository.
 *
 * @param licences each a name and, where there is one, an address; those of the nearest parent that
 *     names any
 */
record SbomPom(String group, String artifact, String version, List<String> licences) {
  /** Neither their POMs nor those above name any: for whoever has to know, where they come from. */
  private static final Map<String, String> ELSEWHERE =
      Map.of(
          "com.hubspot:algebra", "not stated in its POM, see https://github.com/HubSpot/algebra",
          "com.hubspot.immutables:immutables-exceptions",
              "not stated in its POM, see https://github.com/HubSpot/hubspot-immutables");

  SbomPom {
    String other = ELSEWHERE.get(group + ":" + artifact);
    licences = licences.isEmpty() && other != null ? List.of(other) : List.copyOf(licences);
  }

  /** The POM of a jar, which lies at {@code group/artifact/version/} of its repository. */
  static SbomPom beside(Path jar) throws IOException {
    Path folder = jar.getParent();
    String version = String.valueOf(folder.getFileName());
    String artifact = String.valueOf(folder.getParent().getFileName());
    Element pom = parse(folder.resolve(artifact + "-" + version + ".pom"));
    String group = text(pom, "groupId");
    if (group.isEmpty()) {
      group = text(child(pom, "parent"), "groupId");
    }
    Path root = folder.getParent().getParent();
    for (int i = group.split("[.]", -1).length; i > 0; i--) {
      root = root.getParent();
    }
    return new SbomPom(group, artifact, version, licences(pom, root));
  }

  private static List<String> licences(Element pom, Path root) throws IOException {
    List<String> licences = new ArrayList<>();
    Element all = child(pom, "licenses");
    for (Node n = all == null ? null : all.getFirstChild(); n != null; n = n.getNextSibling()) {
      if (n instanceof Element licence) {
        licences.add((text(licence, "name") + " " + text(licence, "url")).strip());
      }
    }
    Element parent = child(pom, "parent");
    if (!licences.isEmpty() || parent == null) {
      return licences;
    }
    String artifact = text(parent, "artifactId");
    String version = text(parent, "version");
    Path folder = root.resolve(text(parent, "groupId").replace('.', '/')).resolve(artifact);
    Path above = folder.resolve(version).resolve(artifact + "-" + version + ".pom");
    return Files.exists(above) ? licences(parse(above), root) : licences;
  }

  /** Where the jar's name has one: {@code linux-x86_64} of a native library. */
  String classifier(String jar) {
    String rest = jar.substring((artifact + "-" + version).length());
    return rest.startsWith("-") ? rest.substring(1, rest.length() - ".jar".length()) : "";
  }

  String purl(String classifier) {
    return "pkg:maven/"
        + group
        + "/"
        + artifact
        + "@"
        + version
        + (classifier.isEmpty() ? "" : "?classifier=" + classifier);
  }

  private static Element parse(Path pom) throws IOException {
    try {
      DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
      factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
      return factory.newDocumentBuilder().parse(pom.toFile()).getDocumentElement();
    } catch (ParserConfigurationException | SAXException e) {
      throw new IOException(pom + ": " + e.getMessage(), e);
    }
  }

  private static Element child(Element of, String name) {
    for (Node n = of == null ? null : of.getFirstChild(); n != null; n = n.getNextSibling()) {
      if (n instanceof Element e && e.getTagName().equals(name)) {
        return e;
      }
    }
    return null;
  }

  private static String text(Element of, String name) {
    Element child = child(of, name);
    return child == null ? "" : child.getTextContent().strip();
  }
}
