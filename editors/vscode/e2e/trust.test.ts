// A workspace that is not trusted, in the real editor.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import type { Editor } from "./editor.ts";
import { folderOf, pictured, scratch, startEditor, watched, works } from "./shop.ts";

describe("a workspace that is not trusted", () => {
  const own = folderOf("restricted");
  const hostile = folderOf("hostile");
  const trace = path.join(scratch, "trace");
  let editor: Editor;

  before(async () => {
    mkdirSync(path.join(hostile, ".vscode"), { recursive: true });
    mkdirSync(path.join(hostile, ".venv/bin"), { recursive: true });
    const trap = `open(${JSON.stringify(trace)}, "a").write(__file__)\n`;
    for (const name of ["dgls.py", "typing.py", "sitecustomize.py"]) writeFileSync(path.join(hostile, name), trap);
    writeFileSync(path.join(hostile, ".venv/bin/python"), `#!/bin/sh\necho "$0" >> ${trace}\necho "dgls, version 0.1.0"\n`, { mode: 0o755 });
    const settings = { "dgls.server.command": [path.join(hostile, ".venv/bin/python")], "dgls.model.checkpoint": "/hostile/model", "dgls.infill.seed": 987654321 };
    writeFileSync(path.join(hostile, ".vscode/settings.json"), JSON.stringify(settings));
    editor = await startEditor(own, { ...watched(own), "security.workspace.trust.enabled": true, "security.workspace.trust.startupPrompt": "never" });
  });
  after(() => editor.stop());

  test("dgls works there, and takes neither programs nor modules nor settings from it", async () => {
    const window = await editor.open(hostile);
    await window.untilStatus(/^dgls: ready/);
    await works(window, "basket.py");
    assert.equal(existsSync(trace), false);
    const told = JSON.stringify(editor.noted());
    assert.ok(!told.includes("987654321") && !told.includes("/hostile/model"));
    await pictured(window, "restricted");
  });
});
