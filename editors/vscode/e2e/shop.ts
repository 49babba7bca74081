// What the tests of all files have in common: the texts they work on, where everything is, and a folder for it all.
// The Makefile says where; `make e2e-vscode` runs them.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, type SuiteContext, type TestContext } from "node:test";
import { Editor } from "./editor.ts";
import type { Window } from "./window.ts";

/** The code of an answer to what was cancelled. */
export const CANCELLED = -32800;

export const BASKET = `class Basket:
    def __init__(self, items):
        self.items = items

    def total(self):
        """The sum of the prices of all items."""
        total = 0
        for item in self.items:
            ...
        return total

    def count(self):
        return len(self.items)

    def names(self):
        ...
`;
export const BROKEN = `def area(width, height:
    return width * height


print(area(2, 3))
`;
export const TYPED = `def first(items):
    return items[0]


def last(items):
`;
export const LONG = `def describe(basket):
    lines = []
    for item in basket.items:
        name = item.name
        price = item.price
        lines.append(f"{name}: {price}")
    lines.append("done")
    return lines
`;

const from = (name: string): string => {
  const value = process.env[name];
  assert.ok(value, `${name} is not set; run make e2e-vscode`);
  return value;
};
const cache = from("DGLS_E2E_CACHE");
const vsix = from("DGLS_E2E_VSIX");
export const python = from("DGLS_E2E_PYTHON");
const pictures = from("DGLS_E2E_PICTURES");
const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
const recorder = path.join(import.meta.dirname, "recorder.mjs");

export const scratch = mkdtempSync(path.join(os.tmpdir(), "dgls-e2e-"));
after(() => { if (!process.env.DGLS_E2E_KEEP) rmSync(scratch, { recursive: true, force: true }); });
mkdirSync(pictures, { recursive: true });

/** An address of this machine at which nobody listens: what the network is where there is none. */
export const UNREACHABLE = "http://127.0.0.1:9";

/** A folder of this name for a test to fill. */
export function folderOf(name: string): string {
  const made = path.join(scratch, name);
  mkdirSync(made);
  return made;
}

/** An editor with the built extension, which writes all that it writes into `own`. */
export function startEditor(own: string, settings: Record<string, unknown>, variables: Record<string, string> = {}): Promise<Editor> {
  return Editor.start({ cache, vsix, scratch: own, chromium }, settings, variables);
}

/** Settings under which the server is the real one, with every message noted. */
export function watched(own: string): Record<string, unknown> {
  return {
    "dgls.server.command": [process.execPath, recorder, path.join(own, "messages.jsonl"), python, "-m", "dgls"],
    // A machine that does other work besides is given its time, and threads that wait for each other are none the
    // faster there; more steps are more to see.
    "dgls.model.threads": 1,
    "dgls.infill.deadline_ms": 60_000,
    "dgls.infill.command_deadline_ms": 120_000,
    "dgls.infill.max_steps": 12,
  };
}

/** Keep a picture of what a window shows. */
export async function pictured(window: Window, name: string): Promise<void> {
  await window.picture(path.join(pictures, `${name}.png`));
}

/** Keep a picture of a test that failed. */
export async function shown(context: TestContext | SuiteContext, window: Window): Promise<void> {
  if ("passed" in context && !context.passed) await pictured(window, `failed-${context.name.slice(0, 30).replaceAll(/\W+/g, "-")}`);
}

/** Type into a file, whatever is wrong meanwhile. */
export async function typesOn(window: Window, name: string): Promise<void> {
  await window.written(name, BASKET);
  await window.go(1, 1);
  await window.type("# typed all the same\n");
  assert.equal(await window.saved(name), `# typed all the same\n${BASKET}`);
}

/** Have the hole of a file filled. */
export async function works(window: Window, name: string): Promise<void> {
  await window.written(name, BASKET);
  await window.go(9, 13);
  await window.press("Control+Alt+g", "h");
  await window.settled();
  assert.notEqual(await window.saved(name), BASKET);
}
