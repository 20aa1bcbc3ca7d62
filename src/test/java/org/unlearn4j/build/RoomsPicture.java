package org.unlearn4j.build;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The rooms as a picture: who stands higher may know who stands lower. An arrow that follows from
 * two others is left out.
 */
final class RoomsPicture {
  private static final int WIDTH = 960;
  private static final int BOX = 92;
  private static final int HEIGHT = 30;
  private static final int STEP = 74;
  private static final int MARGIN = 20;

  private final Map<String, Set<String>> knows;
  private final Map<String, Integer> levels = new TreeMap<>();

  /** Of a table that names each room's rooms; without circles. */
  RoomsPicture(Map<String, Set<String>> knows) {
    this.knows = new TreeMap<>(knows);
    knows.keySet().forEach(this::level);
  }

  /** One more than the highest room that it knows. */
  private int level(String room) {
    Integer known = levels.get(room);
    if (known == null) {
      known = knows.get(room).stream().mapToInt(this::level).max().orElse(-1) + 1;
      levels.put(room, known);
    }
    return known;
  }

  /** Who a room knows, but not through another that it knows. */
  Set<String> arrows(String room) {
    Set<String> direct = new TreeSet<>(knows.get(room));
    for (String over : knows.get(room)) {
      direct.removeAll(all(over));
    }
    return direct;
  }

  private Set<String> all(String room) {
    Set<String> all = new TreeSet<>(knows.get(room));
    knows.get(room).forEach(r -> all.addAll(all(r)));
    return all;
  }

  /**
   * The picture.
   *
   * @param colours fill and words of the legend by room; other rooms are white
   */
  String svg(Map<String, String> colours, Map<String, String> legend) {
    int top = levels.values().stream().mapToInt(Integer::intValue).max().orElse(0);
    Map<String, Integer> centres = centres(top);
    int height = 2 * MARGIN + top * STEP + HEIGHT + 34;
    StringBuilder out = new StringBuilder();
    out.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\""
                + " font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\">%n"
                + "<title>Rooms and arrows, drawn from the table of RoomsTest</title>%n"
                + "<defs><marker id=\"a\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\""
                + " markerWidth=\"6\" markerHeight=\"6\" orient=\"auto\">"
                + "<path d=\"M0 0 8 4 0 8z\" fill=\"#777\"/></marker></defs>%n"
                + "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>%n",
            WIDTH,
            height,
            WIDTH,
            height));
    for (String room : knows.keySet()) {
      for (String to : arrows(room)) {
        out.append(
            String.format(
                Locale.ROOT,
                "<path d=\"M%d %d %d %d\" stroke=\"#777\" marker-end=\"url(#a)\"/>%n",
                centres.get(room),
                y(room, top) + HEIGHT,
                centres.get(to),
                y(to, top) - 2));
      }
    }
    for (String room : knows.keySet()) {
      int x = centres.get(room);
      int y = y(room, top);
      out.append(
          String.format(
              Locale.ROOT,
              "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\" fill=\"%s\""
                  + " stroke=\"#555\"/><text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>%n",
              x - BOX / 2,
              y,
              BOX,
              HEIGHT,
              colours.getOrDefault(room, "#ffffff"),
              x,
              y + 20,
              room));
    }
    int x = MARGIN;
    for (Map.Entry<String, String> entry : new TreeMap<>(legend).entrySet()) {
      out.append(
          String.format(
              Locale.ROOT,
              "<rect x=\"%d\" y=\"%d\" width=\"16\" height=\"12\" fill=\"%s\" stroke=\"#555\"/>"
                  + "<text x=\"%d\" y=\"%d\">%s</text>%n",
              x,
              height - 24,
              entry.getValue(),
              x + 22,
              height - 13,
              entry.getKey()));
      x += 250;
    }
    return out.append("</svg>\n").toString();
  }

  private int y(String room, int top) {
    return MARGIN + (top - levels.get(room)) * STEP;
  }

  /** Rooms of a level side by side, each near the middle of those above that point to it. */
  private Map<String, Integer> centres(int top) {
    Map<String, Integer> centres = new HashMap<>();
    for (int level = top; level >= 0; level--) {
      List<String> row = new ArrayList<>();
      for (String room : knows.keySet()) {
        if (levels.get(room) == level) {
          row.add(room);
        }
      }
      Map<String, Double> wanted = new HashMap<>();
      for (String room : row) {
        wanted.put(
            room,
            knows.keySet().stream()
                .filter(r -> arrows(r).contains(room) && centres.containsKey(r))
                .mapToInt(centres::get)
                .average()
                .orElse(WIDTH / 2.0));
      }
      row.sort(Comparator.<String>comparingDouble(wanted::get).thenComparing(r -> r));
      double share = (double) WIDTH / row.size();
      for (int i = 0; i < row.size(); i++) {
        centres.put(row.get(i), (int) Math.round(share * (i + 0.5)));
      }
    }
    return centres;
  }
}
