package org.unlearn4j.cli;

import java.util.List;

/** What is put where something else should stand. */
final class FuzzWords {
  static final List<String> NUMBERS =
      List.of(
          "-1",
          "0",
          "1",
          "2",
          "3",
          "7",
          "255",
          "65536",
          "200000000",
          "1000000000",
          "2147483647",
          "2147483648",
          "-2147483648",
          "4294967295",
          "9223372036854775807",
          "9223372036854775808",
          "-9223372036854775808",
          "18446744073709551615");

  static final List<String> TEXTS =
      List.of(
          "",
          " ",
          "\u0000",
          "\n",
          "NaN",
          "Infinity",
          "-1",
          "../../etc/passwd",
          "/dev/zero",
          "/etc/hostname",
          "a\u0000b",
          "\ud83d",
          "\ud83d\ude00",
          "\u001b[2J\u0007",
          "\u202e",
          "%s%n%d",
          "{question}",
          "null",
          "<|bos|>",
          "llama",
          "F16",
          "I64",
          "BOOL");

  static final List<String> YAML_WORDS =
      List.of(
          "&a [*a]",
          "*a",
          "&a",
          "!!int x",
          "!!binary",
          "~",
          "[]",
          "{}",
          "- ",
          ": ",
          "\n",
          "\t",
          "? ",
          "|",
          ">",
          "'",
          "\"",
          "%YAML 9",
          "---",
          "...",
          "<<: *a",
          "1e999",
          ".inf",
          "0x1F",
          "fable",
          "jsonl",
          "NPO",
          "RMU",
          "null",
          "true",
          "-5",
          "[[[[[[[[[[",
          "{a: {a: {a: ");

  static final List<String> JINJA_WORDS =
      List.of(
          "{%",
          "%}",
          "{{",
          "}}",
          "{#",
          "#}",
          "{%-",
          "-%}",
          " for x in messages ",
          " endfor ",
          " if ",
          " endif ",
          " else ",
          " set a = a ~ a ",
          " set ns = namespace(a='x') ",
          " include 'x' ",
          " import 'x' as y ",
          " extends 'x' ",
          " macro f(x) ",
          " endmacro ",
          "{{ f(1) }}",
          "|random",
          "|tojson",
          "|trim",
          "|x",
          "[::-1]",
          "range(1000000000)",
          "((((",
          "))))",
          "messages[-1]",
          "loop.index0",
          "raise_exception('no')",
          " generation ",
          "'",
          "\"",
          "* 999999999",
          "['x'] * 99999999",
          "|batch(0)",
          "|indent(999999999)",
          "|center(999999999)",
          "'%s'|format(1)",
          "|round(99)",
          "1 // 0",
          "1 % 0",
          "2 ** 9999999",
          "|replace('', 'aa')",
          "|join",
          "|list",
          "|wordwrap(0)",
          "|truncate(-1)",
          "|slice(0)",
          "|sort",
          "|groupby('x')");

  static final List<String> CSV_WORDS =
      List.of(",", "\"", "\"\"", "\n", "\r", "\r\n", "", "0", "-1", "E", "AA", "\u0000", "\ufeff");

  /**
   * Of a tokenizer, what the library knows besides, some of it in forms that it does not expect.
   */
  static final List<String> PARTS =
      List.of(
          "normalizer={\"type\": \"Replace\", \"pattern\": {\"String\": \"\"}, \"content\": \"x\"}",
          "normalizer={\"type\": \"Precompiled\", \"precompiled_charsmap\": \"BAAAAP////9hAA==\"}",
          "normalizer={\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"NFKC\"}]}",
          "normalizer={\"type\": \"Prepend\", \"prepend\": \"\"}",
          "pre_tokenizer={\"type\": \"Split\", \"pattern\": {\"Regex\": \"(a|aa)+$\"},"
              + " \"behavior\": \"Isolated\", \"invert\": false}",
          "pre_tokenizer={\"type\": \"Metaspace\", \"replacement\": \"x\", \"prepend_scheme\":"
              + " \"always\", \"split\": true}",
          "pre_tokenizer=null",
          "post_processor={\"type\": \"BertProcessing\", \"sep\": [\"a\", 4294967295], \"cls\": [\"b\","
              + " 7]}",
          "post_processor={\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\": {\"id\":"
              + " \"x\", \"type_id\": 0}}], \"pair\": [], \"special_tokens\": {}}",
          "decoder={\"type\": \"Strip\", \"content\": \"e\", \"start\": 9, \"stop\": 9}",
          "decoder={\"type\": \"CTC\", \"pad_token\": \"\", \"word_delimiter_token\": \"\", \"cleanup\":"
              + " true}",
          "model={\"type\": \"WordLevel\", \"vocab\": {\"a\": 0}, \"unk_token\": \"b\"}",
          "model={\"type\": \"Unigram\", \"unk_id\": 0, \"vocab\": [[\"a\", 0.0], [\"\", -1.0]],"
              + " \"byte_fallback\": false}");

  private FuzzWords() {}
}
