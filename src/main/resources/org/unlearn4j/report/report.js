"use strict";

// A click on a heading sorts its table by that column: numbers by their whole value, words by the
// alphabet, what is missing last; a second click turns the order round.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = Array.from(table.tHead.rows[0].cells);
  const body = table.tBodies[0];
  headings.forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
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
    return sign * a.textContent.localeCompare(b.textContent);
  }
  const x = Number(a.dataset.value);
  const y = Number(b.dataset.value);
  if (Number.isNaN(x) || Number.isNaN(y)) {
    return Number.isNaN(x) - Number.isNaN(y);
  }
  return sign * (x - y);
}
