import assert from "node:assert/strict";
import { test } from "node:test";
import { look } from "../src/condition.ts";

test("loading shows its share", () => {
  assert.equal(look({ state: "loading", message: "loading weights", percentage: 80 }).text, "$(loading~spin) dgls 80 %");
  assert.equal(look({ state: "loading", message: "", percentage: null }).text, "$(loading~spin) dgls");
});

test("the step of a job goes before all else", () => {
  assert.deepEqual(look({ state: "busy", message: "" }, 3), { text: "$(sync~spin) dgls step 3", tooltip: "dgls: denoising; Escape stops it" });
});

test("what is wrong is said, and stands out", () => {
  assert.deepEqual(look({ state: "error", message: "the model does not fit" }), {
    text: "$(warning) dgls", tooltip: "dgls: the model does not fit", colour: "statusBarItem.warningBackground",
  });
  assert.equal(look({ state: "failed", message: "no server" }).colour, "statusBarItem.errorBackground");
});

test("why it is off here stands in the tooltip", () => {
  assert.equal(look({ state: "disabled", message: "the file is a secret" }).tooltip, "dgls: off here: the file is a secret");
});
