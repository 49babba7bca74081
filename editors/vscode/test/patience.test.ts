import assert from "node:assert/strict";
import { test } from "node:test";
import { Patience } from "../src/server/patience.ts";

test("each start after a short life waits longer, and after five there is none", () => {
  const patience = new Patience();
  assert.deepEqual([1, 2, 3, 4, 5, 6].map(() => patience.afterEnd(1_000)), [500, 1_000, 2_000, 4_000, 8_000, undefined]);
});

test("a server that lived long is started at once, and so is one that the user asks for", () => {
  const patience = new Patience();
  [1, 2, 3].forEach(() => patience.afterEnd(0));
  assert.equal(patience.afterEnd(120_000), 500);
  assert.equal(patience.afterEnd(0), 1_000);
  patience.reset();
  assert.equal(patience.afterEnd(0), 500);
});
