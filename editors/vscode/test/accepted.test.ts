import assert from "node:assert/strict";
import { test } from "node:test";
import { Offers } from "../src/accepted.ts";

const URI = "file:///shop.py";
const insert = (offset: number, text: string) => [{ offset, length: 0, text }];
function offered(...texts: string[]): Offers {
  const offers = new Offers();
  offers.offered(URI, texts.map((text, index) => ({ id: index + 1, offset: 10, text })));
  return offers;
}

test("a word of the item is a partial acceptance, and the next one adds to it", () => {
  const offers = offered("return total");
  assert.deepEqual(offers.changed(URI, insert(10, "return")), { accepted: { id: 1, length: 6 } });
  assert.deepEqual(offers.changed(URI, insert(16, " to")), { accepted: { id: 1, length: 9 } });
});

test("a keystroke along the item accepts nothing, but counts", () => {
  const offers = offered("return total");
  assert.equal(offers.changed(URI, insert(10, "r")), undefined);
  assert.deepEqual(offers.changed(URI, insert(11, "eturn")), { accepted: { id: 1, length: 6 } });
});

test("the whole item is told of by its own command, even where it replaces what stood there", () => {
  assert.equal(offered("return total").changed(URI, [{ offset: 10, length: 4, text: "return total" }]), undefined);
  assert.equal(offered("return total").changed(URI, insert(10, "return total")), undefined);
});

test("of several items, the one that goes on like this", () => {
  const offers = offered("return a", "raise b");
  assert.deepEqual(offers.changed(URI, insert(10, "raise")), { accepted: { id: 2, length: 5 } });
});

test("anything else rejects what was offered, once", () => {
  for (const changes of [insert(3, "return"), insert(10, "while"), [{ offset: 10, length: 2, text: "return" }], [...insert(10, "return"), ...insert(30, "x")]]) {
    const offers = offered("return total");
    assert.deepEqual(offers.changed(URI, changes), { rejected: [1] });
    assert.equal(offers.changed(URI, insert(10, "return")), undefined);
  }
});

test("another document is another matter", () => {
  const offers = offered("return total");
  assert.equal(offers.changed("file:///other.py", insert(10, "return")), undefined);
  assert.deepEqual(offers.changed(URI, insert(10, "return")), { accepted: { id: 1, length: 6 } });
});
