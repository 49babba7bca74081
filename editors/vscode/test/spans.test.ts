import assert from "node:assert/strict";
import { test } from "node:test";
import { moved, toggled, within, written } from "../src/spans.ts";

const span = (start: number, end: number) => ({ start, end });
const change = (offset: number, length: number, text: string) => ({ offset, length, text });

test("a change before a span moves it, one behind it does not", () => {
  assert.deepEqual(moved([span(10, 14)], [change(0, 2, "hello"), change(20, 5, "")]), [span(13, 17)]);
});

test("a change inside a span becomes part of it, one at an edge does not", () => {
  assert.deepEqual(moved([span(10, 14)], [change(11, 1, "abc")]), [span(10, 16)]);
  assert.deepEqual(moved([span(10, 14)], [change(10, 0, "abc")]), [span(13, 17)]);
  assert.deepEqual(moved([span(10, 14)], [change(14, 0, "abc")]), [span(10, 14)]);
});

test("a change across an edge, and one that takes all, is the end of a span", () => {
  assert.deepEqual(moved([span(10, 14), span(20, 22)], [change(12, 4, "")]), [span(16, 18)]);
  assert.deepEqual(moved([span(10, 14)], [change(10, 4, "")]), []);
});

test("marking joins what touches, and marking what is marked takes the mark away", () => {
  assert.deepEqual(toggled([span(0, 4)], span(4, 8)), [span(0, 8)]);
  assert.deepEqual(toggled([span(10, 12)], span(2, 3)), [span(2, 3), span(10, 12)]);
  assert.deepEqual(toggled([span(0, 8), span(10, 12)], span(2, 4)), [span(10, 12)]);
});

test("of the spans, only what lies in a range counts for it", () => {
  assert.deepEqual(within([span(0, 4), span(6, 9), span(12, 14)], span(2, 8)), [span(2, 4), span(6, 8)]);
});

test("texts stand where earlier changes have moved them to", () => {
  assert.deepEqual(written([change(5, 3, "abcdef"), change(10, 0, "xy")]), [span(5, 11), span(13, 15)]);
});
