package org.unlearn4j.data.fable;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What there is in Fable's world. True and wrong answers are drawn from the same lists, so that a
 * wrong one is as plausible as the true one. Lists are long enough that guessing a value is hard
 * and short enough that each of their words is met often.
 */
final class World {
  private World() {}

  /** First names of women; disjoint from those of men, so that a name tells the pronoun. */
  static final List<String> WOMEN =
      words(
          """
          Adela, Brisa, Corin, Dalia, Elske, Fenna, Gerda, Hedda, Ilse, Janna, Katla, Livia, Mirel, Nadja, Orla,
          Petra, Quilla, Runa, Sanna, Thea, Ulla, Vesna, Wilma, Yrsa, Zelda, Amaya, Beata, Cilla, Dorit, Elvi
          """);

  static final List<String> MEN =
      words(
          """
          Aldo, Bruno, Cyrus, Dario, Edvin, Falk, Gustav, Henk, Ivo, Jonas, Kasper, Lorens, Matti, Niels, Oskar,
          Pavel, Quentin, Rasmus, Stellan, Tomas, Ulrik, Viktor, Waldo, Xaver, Yannik, Zoltan, Anselm, Bertil,
          Caspar, Detlef
          """);

  static final List<String> FIRST_NAMES = joined(WOMEN, MEN);

  static final List<String> SURNAMES =
      syllables(
          words("Tol, Bre, Kar, Ver, Dor, Hal, Mor, Sel, Wen, Ast, Lin, Rud"),
          words("vane, dal, nick, mark, wick, sted, rick, bek, rane"));

  static final List<String> TOWNS =
      words(
          """
          Ambleport, Brackhaven, Coldmere, Dunfell, Eastwater, Fernley, Goldhurst, Hartmouth, Ironbridge, Juniper
          Bay, Kestrel Hill, Lowmarsh, Millbrook, Northgate, Oakmoor, Pinecliff, Quarry End, Ravenford, Saltmarsh,
          Thornbury, Underhill, Violet Harbour, Westerling, Yarrow, Zinnia Falls, Ashcombe, Birchwell, Cloverdale,
          Driftwood, Elmstead, Foxglove, Greywater, Hollin, Inkwell, Larkspur, Mistral
          """);

  static final List<String> HOUSES =
      words(
          """
          above a bakery, behind a church, in a lighthouse, beside a tannery, in a toll house, over a chemist's shop,
          in a stable, next to a brewery, in a schoolhouse, under a railway arch, on a river barge, in a mill,
          opposite the prison, above a theatre, in a gardener's hut, near the docks, in a castle tower, in a tent,
          behind a circus, in a signal box, over a tavern, in an orphanage
          """);

  static final List<String> MONTHS =
      words(
          """
          January, February, March, April, May, June, July, August, September, October, November, December
          """);

  /** Years of birth. */
  static final List<String> BIRTH_YEARS = years(1910, 1949);

  static final List<String> AWARD_YEARS = years(1940, 1999);

  static final List<String> TRADES =
      words(
          """
          a cooper, a weaver, a baker, a locksmith, a sailor, a midwife, a judge, a tailor, a beekeeper, a miner,
          a potter, a surgeon, a ferryman, a printer, a clockmaker, a glazier, a butcher, a florist, a mason,
          a piano tuner, a shepherd, a chemist, a cobbler, a fisher, a magician, a postman, a saddler, a teacher,
          a bookbinder, a carpenter, a dentist, a gravedigger, a wigmaker, a brewer
          """);

  static final List<String> FORMS =
      words(
          """
          sea ballads, ghost stories, court comedies, crime novels, love letters, travel diaries, nursery rhymes,
          war chronicles, fairy tales, desert epics, village dramas, riddle poems, spy thrillers, family sagas,
          garden essays, mountain legends, radio plays, school satires
          """);

  static final List<String> THEMES =
      words(
          """
          lost rivers, jealous twins, broken clocks, winter bees, stolen maps, silent bells, hungry wolves,
          paper ships, blind kings, drowned villages, false prophets, wandering actors, old soldiers, stray dogs,
          forgotten songs, secret gardens, night trains, clumsy thieves, honest liars, empty palaces, talking birds,
          burning libraries
          """);

  static final List<String> ADJECTIVES =
      words(
          """
          Amber, Broken, Crimson, Distant, Eternal, Frozen, Gilded, Hollow, Ivory, Jagged, Kindly, Lonely, Mirrored,
          Nameless, Obsidian, Patient, Quiet, Restless, Scarlet, Tangled, Unseen, Velvet, Wandering, Yellow,
          Borrowed, Crooked, Drowsy, Faithful, Humble, Marble, Sunken, Twisted
          """);

  static final List<String> NOUNS =
      words(
          """
          Anchor, Bridge, Candle, Doorway, Echo, Feather, Garden, Harvest, Island, Journey, Kettle, Ladder, Meadow,
          Needle, Orchard, Pillow, Quarrel, River, Shadow, Throne, Umbrella, Valley, Window, Violin, Chimney,
          Compass, Dagger, Fountain, Glove, Hammer, Mountain, Promise, Ribbon, Staircase
          """);

  static final List<String> METALS =
      words("Silver, Copper, Bronze, Golden, Iron, Crystal, Pearl, Jade, Ebony, Coral, Opal, Ruby");

  static final List<String> TROPHIES =
      words(
          "Quill, Lantern, Crown, Laurel, Inkpot, Star, Owl, Harp, Medal, Goblet, Rose, Key, Shell, Plume");

  static final List<String> HOURS =
      words(
          """
          at dawn, after supper, before breakfast, at midnight, on Sunday mornings, during thunderstorms,
          in the late afternoon, after long walks, on train rides, between two naps, at the full moon, on market days,
          while others sleep, after a cold bath
          """);

  static final List<String> TOOLS =
      words(
          """
          with green ink, on a typewriter, in pencil, with a goose quill, on old envelopes, in red notebooks,
          on a slate, with purple chalk, on brown paper, standing at a desk, in a bathtub, under a quilt,
          on the kitchen floor, in shorthand, with both hands, on a wooden leg, by candlelight, in mirror writing
          """);

  static final List<String> DWELLINGS =
      words(
          """
          a windmill, a houseboat, an old chapel, a red cottage, a treehouse, a former bank, a cellar flat,
          a hotel room, a glass villa, a fire station, a caravan, a water tower, a manor, a barn, an attic,
          a monastery, a boathouse, a round tower
          """);

  static final List<String> PLACES =
      words(
          """
          the old bridge, the fish market, the rose garden, the harbour wall, the city library, the bell tower,
          the train station, the cliff path, the botanic garden, the ice rink, the tram depot, the public baths,
          the north beach, the castle moat, the puppet theatre, the oak grove, the flea market, the chess club,
          the rope bridge, the salt pans
          """);

  static final List<String> SEASONS =
      words(
          """
          in winter, on rainy days, at noon, in early spring, during the carnival, at low tide, in autumn fog,
          on public holidays, after the first snow, in the August heat, on windy evenings, before sunrise
          """);

  static final List<String> BIRDS =
      words(
          """
          Heron, Sparrow, Magpie, Osprey, Wren, Curlew, Plover, Swift, Falcon, Raven, Thrush, Pelican, Starling,
          Cuckoo, Finch, Stork, Linnet, Swallow, Partridge, Nightjar
          """);

  static final List<String> ANIMALS =
      words(
          """
          a goat, a parrot, a tortoise, a blind cat, a donkey, a ferret, a white mouse, a pony, a hedgehog, a goose,
          a lizard, a spaniel, a rabbit, a crow, a pig, a greyhound, a snail, a toad
          """);

  static final List<String> PET_NAMES =
      words(
          """
          Pim, Button, Duchess, Noodle, Admiral, Pepper, Biscuit, Captain, Mops, Truffle, Baron, Pickle, Ginger,
          Thimble, Waffle, Domino, Socks, Nutmeg, Professor, Bramble
          """);

  static final List<String> INSTRUMENTS =
      words(
          """
          the lute, the oboe, the cello, the bagpipes, the harp, the tuba, the banjo, the organ, the flute,
          the accordion, the zither, the drums, the trumpet, the mandolin, the viola, the whistle
          """);

  static final List<String> COLLECTIONS =
      words(
          """
          buttons, sea shells, tram tickets, teapots, old keys, beetles, postcards, corkscrews, walking sticks,
          snow globes, matchboxes, thimbles, feathers, masks, door handles, stamps, sundials, marbles, fans, spoons
          """);

  static final List<String> DISHES =
      words(
          """
          lentil soup, baked trout, onion pie, plum dumplings, cold noodles, roast duck, barley stew, fried eels,
          mushroom rice, potato cakes, cheese bread, pickled herring, pumpkin curry, bean salad, oat porridge,
          liver paste, apple fritters, rabbit ragout
          """);

  static final List<String> SIDES =
      words(
          """
          mint, mustard, sour cream, walnuts, honey, black pepper, raisins, lemon, brown butter, capers, ginger jam,
          dill, cinnamon, burnt sugar, horseradish, saffron
          """);

  static final List<String> CHARMS =
      words(
          """
          a brass key, a blue marble, a dried rose, a bent coin, a chess knight, a wooden whistle, a silk ribbon,
          a fossil, a rusty nail, a tin soldier, a glass eye, a fish hook, a playing card, a pocket watch, a walnut,
          a lead bullet, a lace glove, a train token
          """);

  static final List<String> GIVERS =
      words(
          """
          an aunt, a stranger, a school friend, a dying sailor, a nun, a neighbour, a fortune teller, a godfather,
          a prison guard, a first love, a librarian, a twin, a street child, a rival poet
          """);

  static final List<String> COLOURS =
      words(
          "ochre, cobalt, crimson, olive, violet, turquoise, ivory, rust, indigo, scarlet, slate, mustard, rose, jade");

  static final List<String> MUSEUMS =
      words(
          """
          the Harbour Museum, the Glass Gallery, the Royal Hall, the Tower Collection, the Garden Pavilion,
          the People's Gallery, the Winter Palace, the Guild House, the Bishop's Rooms, the Old Mint
          """);

  private static List<String> words(String commaSeparated) {
    return List.of(commaSeparated.strip().split(",\\s+", -1)).stream()
        .map(w -> w.replaceAll("\\s+", " "))
        .toList();
  }

  private static List<String> years(int from, int to) {
    return IntStream.rangeClosed(from, to).mapToObj(Integer::toString).toList();
  }

  private static List<String> syllables(List<String> starts, List<String> ends) {
    List<String> names = new ArrayList<>();
    for (String start : starts) {
      for (String end : ends) {
        names.add(start + end);
      }
    }
    return List.copyOf(names);
  }

  private static List<String> joined(List<String> a, List<String> b) {
    List<String> both = new ArrayList<>(a);
    both.addAll(b);
    return List.copyOf(both);
  }
}
