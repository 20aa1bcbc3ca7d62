"use strict";

// The page can be read without this. It adds two things: tables that sort, and a filter for questions.

// A heading is a button that sorts its table by that column, by click or key: numbers by their whole
// value, words by the alphabet, what is missing last; once more turns the order round.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = Array.from(table.tHead.rows[0].cells);
  const body = table.tBodies[0];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      headings.forEach((other) => other.setAttribute("aria-sort", "none"));
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = Array.from(body.rows);
      rows.sort((a, b) => compare(a.cells[column], b.cells[column], down ? -1 : 1));
      body.append(...rows);
    });
  });
}

function compare(a, b, sign) {
  const numeric = "value" in a.dataset && "value" in b.dataset;
  if (!numeric) {
    return sign * a.textContent.localeCompare(b.textContent, undefined, {numeric: true});
  }
  const x = Number(a.dataset.value);
  const y = Number(b.dataset.value);
  if (Number.isNaN(x) || Number.isNaN(y)) {
    return Number.isNaN(x) - Number.isNaN(y);
  }
  return sign * (x - y);
}

// Questions that have all the words, anywhere in them, "several in a row" as well; what is folded opens
// while words are asked for.
const filter = document.getElementById("answer-filter");
if (filter) {
  const words = document.getElementById("answer-words");
  const choice = document.getElementById("answer-set");
  const questions = Array.from(document.querySelectorAll(".answer-set .question"));
  const texts = new Map();
  const folded = document.querySelectorAll(".answer-set details");
  filter.hidden = false;
  filter.addEventListener("submit", (event) => event.preventDefault());
  const apply = () => {
    const wanted = (words.value.toLowerCase().match(/"[^"]+|[^\s"]+/g) ?? []).map((w) => w.replace('"', ""));
    let shown = 0;
    for (const question of questions) {
      if (!texts.has(question)) {
        texts.set(question, question.textContent.toLowerCase());
      }
      const there = wanted.every((word) => texts.get(question).includes(word));
      const asked = !choice.value || question.dataset.set === choice.value;
      question.hidden = !(there && asked);
      shown += there && asked ? 1 : 0;
    }
    for (const set of document.querySelectorAll(".answer-set")) {
      set.hidden = !set.querySelector(".question:not([hidden])");
    }
    folded.forEach((part) => { part.open = wanted.length > 0; });
    document.getElementById("no-match").hidden = shown > 0;
    document.getElementById("answer-count").textContent =
      wanted.length || choice.value ? shown + " of " + questions.length : "";
  };
  words.addEventListener("input", apply);
  choice.addEventListener("change", apply);
}
