import assert from "node:assert/strict";
import { test } from "node:test";
import { commandLine, editorLayer, type Inspected } from "../src/settings.ts";

const DECLARED = {
  "dgls.server.command": { scope: "machine" },
  "dgls.model.checkpoint": { scope: "machine" },
  "dgls.model.threads": { scope: "machine" },
  "dgls.infill.seed": { scope: "resource" },
  "dgls.infill.repair": { scope: "resource" },
  "dgls.inline.trigger": { scope: "resource" },
};
const set = (values: Record<string, Inspected>) => (key: string) => values[key];

test("what nobody has set is not sent: a default would outweigh the user's own file", () => {
  assert.deepEqual(editorLayer(DECLARED, set({ "dgls.infill.seed": {} })), {});
});

test("the value that is nearest to the folder counts", () => {
  const values = { "dgls.infill.seed": { globalValue: 1, workspaceValue: 2 }, "dgls.inline.trigger": { globalValue: "off" } };
  assert.deepEqual(editorLayer(DECLARED, set(values)), { infill: { seed: 2 }, inline: { trigger: "off" } });
});

test("falsehood and zero are values", () => {
  assert.deepEqual(editorLayer(DECLARED, set({ "dgls.infill.seed": { globalValue: 0 } })), { infill: { seed: 0 } });
});

test("what only the machine's user may set goes by the command line, and the extension's own settings nowhere", () => {
  const values = {
    "dgls.server.command": { globalValue: ["dgls"] },
    "dgls.model.checkpoint": { globalValue: "/models/a b" },
    "dgls.model.threads": { globalValue: 2 },
    "dgls.infill.seed": { globalValue: 1 },
  };
  assert.deepEqual(commandLine(DECLARED, set(values)), ["--set=model.checkpoint=/models/a b", "--set=model.threads=2"]);
  assert.deepEqual(editorLayer(DECLARED, set(values)), { infill: { seed: 1 } });
});
