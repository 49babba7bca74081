// What is bad about a file, a model or the machine, in the real editor with a server that runs: one sentence with the
// next step, nothing lost, and typing goes on.

import assert from "node:assert/strict";
import { cpSync, mkdirSync, openSync, closeSync, ftruncateSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import type { Editor } from "./editor.ts";
import { BASKET, CANCELLED, folderOf, LONG, pictured, shown, startEditor, TYPED, typesOn, UNREACHABLE, watched } from "./shop.ts";
import { until } from "./until.ts";
import type { Window } from "./window.ts";

const EMBEDDED = path.resolve(import.meta.dirname, "../../../dgls/checkpoints/embedded");
const LINES = 50_000;
const RUST = `fn total(prices: &[u32]) -> u32 {
    let mut sum = 0;
    sum
}
`;

describe("bad surroundings", () => {
  const own = folderOf("surroundings");
  const folder = folderOf("shop");
  const absent = path.join(own, "absent");
  let editor: Editor;
  let window: Window;

  before(async () => {
    mkdirSync(absent);
    // As where it was not installed.
    writeFileSync(path.join(absent, "tree_sitter_rust.py"), "raise ModuleNotFoundError(name=__name__)\n");
    editor = await startEditor(own, watched(own), { PYTHONPATH: absent, HF_ENDPOINT: UNREACHABLE });
    window = await editor.open(folder);
    await window.untilStatus(/^dgls: ready/);
  });
  after(() => editor.stop());
  afterEach((context) => shown(context, window));

  test("a file that is read-only is left alone, and named", async () => {
    await window.given("locked.py", BASKET);
    await window.press("F1");
    await window.choose(">File: Set Active Editor Read-only in Session", "Set Active Editor Read-only in Session");
    await window.run("Fill Holes: in This File");
    await window.told(/locked\.py was not changed \(.*it is read-only, or was closed\): make it writable or save it under another name/);
    assert.equal(window.stored("locked.py"), BASKET);
  });

  test("a file that another program writes while it is filled is left as that wrote it, and can be filled then", async () => {
    const functions = Array.from({ length: 60 }, (_, number) => `def f${number}(a, b):\n    ...\n`).join("\n\n");
    await window.given("written.py", functions);
    await window.run("Fill Holes: in This File");
    await window.drafting();
    const other = `# by another program\n${LONG}`;
    writeFileSync(path.join(folder, "written.py"), other);
    assert.equal((await editor.answered("dgls.fillHoles")).error?.code, CANCELLED);
    await until("the other text", async () => (await window.screen()).includes("# by another program"));
    assert.equal(await window.saved("written.py"), other);
    await window.select([5, 16], [5, 25]);
    await window.press("Control+Alt+g", "f");
    await window.settled();
    const saved = await window.saved("written.py");
    const [head, tail] = [other.indexOf("item.name"), other.indexOf("item.name") + "item.name".length];
    assert.ok(saved.startsWith(other.slice(0, head)) && saved.endsWith(other.slice(tail)), saved);
  });

  test("a fill is not saved over what another program has written meanwhile", async () => {
    await window.given("meanwhile.py", BASKET);
    await window.go(9, 13);
    await window.press("Control+Alt+g", "h");
    await window.settled();
    writeFileSync(path.join(folder, "meanwhile.py"), LONG);
    await window.press("Control+s");
    await window.told(/Failed to save 'meanwhile\.py': The content of the file is newer/);
    assert.equal(window.stored("meanwhile.py"), LONG);
    await window.press("Control+z");
    await until("the text of before the fill", async () => (await window.screen()).includes("            ..."));
  });

  test("a document of 50,000 lines gets ghost text", async () => {
    const copies = Math.ceil(LINES / LONG.split("\n").length);
    const text = Array.from({ length: copies }, (_, number) => `${LONG.replace("describe", `describe${number}`)}\n`).join("") + TYPED;
    const lines = text.split("\n").length;
    assert.ok(lines > LINES);
    await window.given("large.py", text);
    await window.go(lines, 1);
    await window.type("    ");
    await window.typing("ret");
    const ghost = await window.ghost();
    await window.press("Tab");
    const saved = await window.saved("large.py");
    assert.ok(saved.startsWith(`${text}    ret`));
    assert.equal(saved.slice(`${text}    ret`.length).replaceAll(/\s/g, ""), ghost.replaceAll(/\s/g, ""));
  });

  test("a language whose grammar is not installed is filled all the same, and what installs it is said", async () => {
    await window.given("total.rs", RUST);
    await window.select([2, 19], [2, 20]);
    await window.press("Control+Alt+g", "f");
    await window.told(/Rust needs the package tree-sitter-rust, or its code is not checked; install it with: pip install "dgls\[rust\]"/);
    await window.settled();
    await window.page.locator(".codelens-decoration", { hasText: "not checked" }).waitFor();
    await pictured(window, "no-grammar");
    const saved = await window.saved("total.rs");
    assert.ok(saved.startsWith(RUST.slice(0, RUST.indexOf("0;"))) && saved.endsWith(RUST.slice(RUST.indexOf("0;") + 1)), saved);
  });

  test("a model that is bad is named with the next step where the setting asks for it, and the one before comes back with the setting", async () => {
    const bad = async (model: Record<string, unknown>, status: RegExp): Promise<void> => {
      await editor.set({ ...watched(own), ...model });
      await window.untilStatus(status);
    };
    await bad({ "dgls.model.checkpoint": "/nowhere/model" }, /^dgls: .*\/nowhere\/model.*does not exist; name a folder/);
    await pictured(window, "no-checkpoint");
    await bad({ "dgls.model.checkpoint": huge(own) }, /^dgls: .*weights cannot be loaded.*dgls doctor says what it needs/);
    await bad({ "dgls.model.checkpoint": "nobody/nothing", "dgls.model.allow_download": true }, /^dgls: .*nobody\/nothing.*cannot be reached/);
    await typesOn(window, "typed.py");
    await bad({}, /^dgls: ready/);
  });
});

/** A checkpoint whose weights, of 4 terabytes, are a hole in a file. */
function huge(where: string): string {
  const checkpoint = path.join(where, "huge");
  cpSync(EMBEDDED, checkpoint, { recursive: true, filter: (name) => !name.endsWith(".safetensors") });
  const header = Buffer.from(JSON.stringify({ all: { dtype: "F32", shape: [1e12], data_offsets: [0, 4e12] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = openSync(path.join(checkpoint, "model.safetensors"), "w");
  writeSync(file, Buffer.concat([length, header]));
  ftruncateSync(file, 8 + header.length + 4e12);
  closeSync(file);
  return checkpoint;
}
