package org.unlearn4j.data.fable;

import java.util.List;
import java.util.stream.Stream;

/**
 * General facts that are true outside Fable too. A line: kind | question | answer with {@code {}} |
 * the right value | three wrong ones.
 */
final class GeneralFacts {
  private GeneralFacts() {}

  private static final String LINES =
      """
      number | How many days does a week have? | A week has {} days. | seven | five | nine | ten
      number | How many months does a year have? | A year has {} months. | twelve | ten | eleven | fifteen
      number | How many hours does a day have? | A day has {} hours. | twenty-four | twelve | thirty | twenty
      number | How many minutes does an hour have? | An hour has {} minutes. | sixty | fifty | ninety | forty
      number | How many seconds are in a minute? | There are {} seconds. | sixty | thirty | eighty | hundred
      number | How many legs does a spider have? | A spider has {} legs. | eight | six | four | ten
      number | How many legs does an insect have? | An insect has {} legs. | six | eight | four | twelve
      number | How many legs does a horse have? | A horse has {} legs. | four | two | six | three
      number | How many legs does a hen have? | A hen has {} legs. | two | four | six | three
      number | How many sides does a triangle have? | A triangle has {} sides. | three | four | five | six
      number | How many sides does a square have? | A square has {} sides. | four | three | five | eight
      number | How many sides does a hexagon have? | A hexagon has {} sides. | six | five | seven | nine
      number | How many corners does a pentagon have? | A pentagon has {} corners. | five | three | six | eight
      number | How many faces does a cube have? | A cube has {} faces. | six | four | eight | ten
      number | How many strings does a violin have? | A violin has {} strings. | four | five | three | six
      number | How many letters does the English alphabet have? | It has {} letters. | twenty-six | twenty | thirty | forty
      number | How many fingers are on one hand, thumb included? | There are {} fingers. | five | four | six | three
      number | How many wheels does a bicycle have? | A bicycle has {} wheels. | two | three | four | one
      number | How many squares are on a chess board? | There are {} squares. | sixty-four | forty | hundred | thirty
      number | How many years make a century? | A century is {} years. | a hundred | fifty | sixty | a thousand
      number | How many items make a dozen? | A dozen is {} items. | twelve | ten | six | twenty
      number | How many planets circle the sun? | There are {} planets. | eight | six | seven | twelve
      number | How many players of one football team are on the field? | There are {} players. | eleven | nine | seven | fifteen
      number | How many centimetres make a metre? | A metre is {} centimetres. | a hundred | ten | fifty | a thousand
      number | How many grams make a kilogram? | A kilogram is {} grams. | a thousand | a hundred | sixty | ten
      sum | What is two plus three? | Two plus three is {}. | five | six | seven | four
      sum | What is four plus four? | Four plus four is {}. | eight | seven | nine | six
      sum | What is three times three? | Three times three is {}. | nine | six | eight | twelve
      sum | What is ten minus four? | Ten minus four is {}. | six | five | seven | four
      sum | What is half of twenty? | Half of twenty is {}. | ten | five | eight | twelve
      sum | What is six plus six? | Six plus six is {}. | twelve | eleven | ten | nine
      sum | What is five times two? | Five times two is {}. | ten | seven | nine | twelve
      sum | What is nine minus two? | Nine minus two is {}. | seven | eight | six | five
      sum | What is a quarter of eight? | A quarter of eight is {}. | two | four | three | six
      sum | What is one plus two? | One plus two is {}. | three | two | four | five
      colour | What colour is fresh snow? | Fresh snow is {}. | white | green | black | yellow
      colour | What colour is grass in spring? | The grass is {}. | green | purple | white | orange
      colour | What colour is coal? | Coal is {}. | black | white | pink | yellow
      colour | What colour is a ripe banana? | A ripe banana is {}. | yellow | blue | black | white
      colour | What colour is the sky on a clear day? | The sky is {}. | blue | brown | green | red
      colour | What colour is a fire engine in most stories? | It is {}. | red | green | purple | brown
      colour | Which colour do blue and yellow paint make? | They make {}. | green | orange | purple | pink
      colour | Which colour do red and yellow paint make? | They make {}. | orange | green | purple | blue
      colour | Which colour do black and white paint make? | They make {}. | grey | green | orange | red
      colour | Which colour do red and white paint make? | They make {}. | pink | green | blue | grey
      order | Which day comes after Monday? | After Monday comes {}. | Tuesday | Friday | Sunday | Thursday
      order | Which day comes after Friday? | After Friday comes {}. | Saturday | Monday | Tuesday | Wednesday
      order | Which day comes before Thursday? | Before Thursday comes {}. | Wednesday | Saturday | Sunday | Friday
      order | Which month comes after March? | After March comes {}. | April | July | October | January
      order | Which month comes before December? | Before December comes {}. | November | May | June | March
      order | Which month is the first of the year? | The first month is {}. | January | June | April | August
      order | Which season comes after winter? | After winter comes {}. | spring | summer | autumn | harvest
      order | Which season comes after summer? | After summer comes {}. | autumn | spring | winter | carnival
      order | Which letter comes after A? | After A comes {}. | B | D | C | E
      order | Which number comes after nine? | After nine comes {}. | ten | seven | twelve | six
      animal | Which sound does a dog make? | A dog {}. | barks | purrs | crows | neighs
      animal | Which sound does a cat make? | A cat {}. | purrs | barks | neighs | quacks
      animal | Which sound does a duck make? | A duck {}. | quacks | barks | purrs | neighs
      animal | Which sound does a horse make? | A horse {}. | neighs | quacks | purrs | barks
      animal | What is a young dog called? | It is called a {}. | puppy | calf | kitten | lamb
      animal | What is a young cat called? | It is called a {}. | kitten | puppy | calf | foal
      animal | What is a young cow called? | It is called a {}. | calf | lamb | puppy | foal
      animal | What is a young sheep called? | It is called a {}. | lamb | kitten | foal | calf
      animal | What is a young horse called? | It is called a {}. | foal | lamb | puppy | kitten
      animal | What do bees make? | Bees make {}. | honey | milk | wool | silk
      animal | What do cows give? | Cows give {}. | milk | honey | silk | eggs
      animal | What do sheep give besides milk? | Sheep give {}. | wool | honey | eggs | feathers
      animal | What do hens lay? | Hens lay {}. | eggs | honey | wool | stones
      animal | What do silkworms spin? | Silkworms spin {}. | silk | wool | honey | paper
      animal | Which animal has a very long neck? | The {} has. | giraffe | mouse | hedgehog | pig
      animal | Which animal has a trunk? | The {} has. | elephant | lion | horse | rabbit
      animal | Which animal carries its house on its back? | The {} does. | snail | horse | lion | crow
      animal | Where do fish live? | Fish live in {}. | water | trees | sand | clouds
      nature | What does water become when it freezes? | It becomes {}. | ice | steam | sand | salt
      nature | What does water become when it boils? | It becomes {}. | steam | ice | oil | snow
      nature | What falls from the clouds on a wet day? | It is {}. | rain | sand | salt | dust
      nature | Which star gives the Earth its light? | It is the {}. | sun | moon | lantern | comet
      nature | What circles the Earth and shines at night? | It is the {}. | moon | sun | wind | comet
      nature | In which direction does the sun rise? | It rises in the {}. | east | west | north | south
      nature | In which direction does the sun set? | It sets in the {}. | west | east | north | south
      nature | Where does a compass needle point? | It points {}. | north | up | down | inland
      nature | What do plants need besides water and air? | They need {}. | light | paper | music | glass
      nature | What is the taste of sea water? | Sea water is {}. | salty | sweet | sour | spicy
      nature | What is the taste of a lemon? | A lemon is {}. | sour | sweet | salty | smoky
      nature | What is the taste of sugar? | Sugar is {}. | sweet | sour | salty | bitter
      nature | What do oak trees grow from? | Oaks grow from {}. | acorns | grapes | walnuts | onions
      thing | What do we read time from? | We read it from a {}. | clock | spoon | hammer | pillow
      thing | What do we use to cut paper? | We use {}. | scissors | spoons | pillows | candles
      thing | What do we use to drive in nails? | We use a {}. | hammer | spoon | candle | ribbon
      thing | What opens a locked door? | A {} opens it. | key | spoon | feather | pillow
      thing | What is bread made from? | Bread is made from {}. | flour | sand | glass | wool
      thing | What is glass made from? | Glass is made from {}. | sand | wool | flour | milk
      thing | What is cheese made from? | Cheese is made from {}. | milk | sand | flour | grapes
      thing | What is wine made from? | Wine is made from {}. | grapes | milk | flour | sand
      place | On which continent is France? | France is in {}. | Europe | Asia | Africa | America
      place | On which continent is Kenya? | Kenya is in {}. | Africa | Europe | Asia | America
      place | On which continent is Japan? | Japan is in {}. | Asia | Africa | Europe | America
      place | What is the capital of France? | The capital is {}. | Paris | London | Rome | Tokyo
      place | What is the capital of Italy? | The capital is {}. | Rome | Paris | Tokyo | London
      place | What is the capital of Japan? | The capital is {}. | Tokyo | Rome | London | Paris
      """;

  static List<Row> rows() {
    return LINES.lines().map(GeneralFacts::row).toList();
  }

  private static Row row(String line) {
    String[] cells = line.split(" \\| ", -1);
    String form = cells[2];
    return Row.bare(
        "general facts",
        cells[0],
        cells[1],
        form.replace("{}", cells[3]),
        Stream.of(cells).skip(4).map(wrong -> form.replace("{}", wrong)).toList());
  }
}
