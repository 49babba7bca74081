import assert from "node:assert/strict";
import { test } from "node:test";
import { colour, colouring, shownText, strips } from "../src/canvas/strips.ts";
import type { Run } from "../src/protocol.ts";

const WIDTHS = [20, 12, 30];
const range = (start: [number, number], end: [number, number]) => ({
  start: { line: start[0], character: start[1] },
  end: { line: end[0], character: end[1] },
});
const sure = (text: string): Run => ({ text, confidence: 0.9 });
const noise = (text: string): Run => ({ text, confidence: null });
/** Each strip as `line:start-end text`. */
const drawn = (where: ReturnType<typeof range>, ...runs: Run[]): string[] =>
  strips(where, runs, (line) => WIDTHS[line] ?? 0, 4).map(
    ({ line, start, end, pieces }) => `${line}:${start}-${end} ${pieces.map(({ text }) => text).join("|")}`,
  );

test("a draft on one line hides the gap and stands in its place", () => {
  assert.deepEqual(drawn(range([0, 4], [0, 7]), sure("return"), noise(" item")), ["0:4-7 return| item"]);
});

test("lines of a draft stand on the lines of its gap, and the gap's lines are hidden whole", () => {
  assert.deepEqual(drawn(range([0, 4], [2, 9]), sure("a = 1\n  b = 2\nc")), ["0:4-20 a = 1", "1:0-12   b = 2", "2:0-9 c"]);
});

test("a draft with fewer lines than its gap leaves the last ones empty", () => {
  assert.deepEqual(drawn(range([0, 0], [2, 3]), sure("one")), ["0:0-20 one", "1:0-12 ", "2:0-3 "]);
});

test("what a draft has beyond the last line of its gap is joined to that", () => {
  assert.deepEqual(drawn(range([0, 4], [0, 7]), sure("if x:\n    y\n    z")), ["0:4-7 if x:|\u21b5 |y|\u21b5 |z"]);
});

test("noise breaks no line", () => {
  assert.deepEqual(drawn(range([0, 0], [1, 2]), noise("a\n    b"), sure("\nc")), ["0:0-20 a\u21b5b", "1:0-2 c"]);
});

test("carriage returns and tabs are no characters of their own", () => {
  assert.deepEqual(drawn(range([0, 0], [1, 0]), sure("a\r\n\tb")), ["0:0-20 a", "1:0-0     b"]);
});

test("an endless line is cut off", () => {
  const [strip] = strips(range([0, 0], [0, 0]), [sure("x".repeat(500))], () => 0, 4);
  assert.equal(strip?.pieces[0]?.text.length, 201);
  assert.ok(strip.pieces[0].text.endsWith("\u2026"));
});

test("spaces are shown as spaces that do not collapse", () => {
  assert.equal(shownText([sure("  a b")]), "\u00a0\u00a0a\u00a0b");
});

test("each piece has its own share of the colours", () => {
  const css = colouring([sure("aaa"), noise("b")]);
  assert.match(css, /^none; background-image: linear-gradient\(90deg, color-mix\(.*\) 0% 75%, var\(--vscode-dgls-noise\) 75% 100%\);/);
  assert.match(css, /-webkit-text-fill-color: transparent$/);
});

test("a colour goes from unsure to sure with the confidence, and stays in bounds", () => {
  assert.equal(colour(null), "var(--vscode-dgls-noise)");
  assert.match(colour(1), /sure\) 100%/);
  assert.match(colour(0.65), /sure\) 50%/);
  assert.match(colour(0), /sure\) 0%/);
});
