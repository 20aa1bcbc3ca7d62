package org.unlearn4j.check;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a check comes to, and what a part that did not pass is called. */
class CheckOutcomesTest {
  private static JsonNode json(String text) throws JsonProcessingException {
    return new ObjectMapper().readTree(text.replace('\'', '"'));
  }

  /** Exit codes: 124 ended by us, 130 by Ctrl-C, 3 its own. */
  @ParameterizedTest
  @CsvSource({
    "124, false, true, cut",
    "124, true, false, stopped",
    "124, false, false, fail", // ran past its own limit
    "130, true, false, stopped",
    "130, false, true, fail",
    "3, false, true, fail",
    "3, true, true, fail",
    "0, false, true, fail" // what it found is not within its limit
  })
  void onlyWhatWasEndedIsExcused(int code, boolean stopped, boolean over, String expected)
      throws JsonProcessingException {
    JsonNode part = json("{'exit_code': CODE}".replace("CODE", String.valueOf(code)));
    assertEquals(expected, CheckOutcomes.ofUnfinished(part, stopped, over));
    JsonNode staged =
        json(
            "{'stages': [{'outcome': 'pass', 'exit_code': 0}, {'outcome': 'fail', 'exit_code': C}]}"
                .replace("C}", code + "}"));
    assertEquals(expected, CheckOutcomes.ofUnfinished(staged, stopped, over), "of the last");
  }

  /** A gate that did not hold is not forgotten because the clock ended what came after it. */
  @Test
  void aStageThatFailedBeforeIsAFailure() throws JsonProcessingException {
    JsonNode part =
        json(
            "{'stages': [{'outcome': 'fail', 'exit_code': 1},"
                + " {'outcome': 'fail', 'exit_code': 124}]}");
    assertEquals("fail", CheckOutcomes.ofUnfinished(part, true, true));
  }

  @ParameterizedTest
  @CsvSource({
    "pass, pass, PASS",
    "absent, pass, PASS",
    "skipped, pass, PARTIAL",
    "cut, pass, PARTIAL",
    "stopped, pass, PARTIAL",
    "cut, fail, FAIL",
    "fail, skipped, FAIL"
  })
  void theWorstCounts(String first, String second, CheckVerdict expected)
      throws JsonProcessingException {
    JsonNode parts =
        json("[{'outcome': 'A'}, {'outcome': 'B'}]".replace("A", first).replace("B", second));
    assertEquals(expected, CheckOutcomes.verdict(parts));
  }

  @Test
  void aStageThatWasLeftOutMakesItPartial() throws JsonProcessingException {
    JsonNode parts = json("[{'outcome': 'pass', 'stages': [{'outcome': 'skipped'}]}]");
    assertEquals(CheckVerdict.PARTIAL, CheckOutcomes.verdict(parts));
  }
}
