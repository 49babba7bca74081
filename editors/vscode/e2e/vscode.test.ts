// The extension in the real editor, with the real server and the embedded checkpoint: what a person does, and what came
// of it on the disk and between client and server. Nothing here knows what the model will write; what must hold for
// whatever it writes is asserted.
//
//   node --test e2e/vscode.test.ts      with DGLS_E2E_CACHE, DGLS_E2E_VSIX, DGLS_E2E_PYTHON, DGLS_E2E_PICTURES set

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, afterEach, before, describe, test, type SuiteContext, type TestContext } from "node:test";
import { Editor, until, type Message, type Window } from "./editor.ts";

const CANCELLED = -32800;

const BASKET = `class Basket:
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
const BROKEN = `def area(width, height:
    return width * height


print(area(2, 3))
`;
const TYPED = `def first(items):
    return items[0]


def last(items):
`;
const LONG = `def describe(basket):
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
const python = from("DGLS_E2E_PYTHON");
const pictures = from("DGLS_E2E_PICTURES");
const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
const recorder = path.join(import.meta.dirname, "recorder.mjs");

const scratch = mkdtempSync(path.join(os.tmpdir(), "dgls-e2e-"));
const folder = path.join(scratch, "shop");

/** Settings under which the server is the real one, with every message noted. */
function watched(own: string): Record<string, unknown> {
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

/** Keep a picture of a test that failed. */
async function shown(context: TestContext | SuiteContext, window: Window): Promise<void> {
  if ("passed" in context && !context.passed) await window.picture(path.join(pictures, `failed-${context.name.slice(0, 30).replaceAll(/\W+/g, "-")}.png`));
}

describe("one window", () => {
  const own = path.join(scratch, "one");
  let editor: Editor;
  let window: Window;

  before(async () => {
    mkdirSync(pictures, { recursive: true });
    mkdirSync(folder);
    mkdirSync(own);
    editor = await Editor.start({ cache, vsix, scratch: own, chromium }, watched(own));
    window = await editor.open(folder);
  });
  after(() => editor.stop());
  afterEach((context) => shown(context, window));

  /** Write a file, open it, and wait until the server knows it. What was noted before is forgotten. */
  async function given(name: string, text: string): Promise<void> {
    editor.forget();
    writeFileSync(path.join(folder, name), text);
    await window.show(name);
    await until("the server to know the file", () =>
      editor.sent("client", "textDocument/didOpen").some(({ params }) => JSON.stringify(params).includes(`${name}"`)),
    );
  }
  /** Type until VS Code asks for ghost text: its part for that comes some time after an editor, and hears no key before. */
  async function typing(text: string): Promise<void> {
    const asked = (): number => editor.sent("client", "textDocument/inlineCompletion").length;
    await until(`VS Code to ask for ghost text behind ${text}`, async () => {
      const before = asked();
      await window.type(text);
      const heard = await until("a request", () => asked() > before, 3_000).catch(() => false);
      if (!heard) await window.press(...Array.from(text, () => "Backspace"));
      return heard;
    });
  }
  const executed = (command: string): Message[] =>
    editor.sent("client", "workspace/executeCommand").filter(({ params }) => params?.command === command);
  /** The answer to the last request for a command, once it is there. */
  const answered = (command: string): Promise<Message> =>
    until(`an answer to ${command}`, () => {
      const asked = executed(command).at(-1);
      return editor.answers("workspace/executeCommand").find(({ id }) => id === asked?.id);
    });
  const text = (name: string): string => readFileSync(path.join(folder, name), "utf8");

  test("the server starts, is told what is set and nothing else, and the model loads", async () => {
    await window.untilStatus(/^dgls: ready/);
    const [initialize] = editor.sent("client", "initialize");
    const experimental = (initialize?.params?.capabilities as { experimental: unknown }).experimental;
    assert.deepEqual(experimental, { dgls: { frames: true, status: true } });
    assert.deepEqual(initialize?.params?.initializationOptions, {
      infill: { deadline_ms: 60_000, command_deadline_ms: 120_000, max_steps: 12 },
    });
  });

  test("ghost text comes while typing, and Tab puts all of it into the file", async () => {
    await given("typed.py", TYPED);
    await window.go(6, 1);
    await window.type("    ");
    await typing("ret");
    const ghost = await window.ghost();
    await window.picture(path.join(pictures, "ghost.png"));
    await window.press("Tab");
    await until("the acceptance", () => executed("dgls.accepted").at(-1));
    const saved = await window.saved("typed.py");
    assert.ok(saved.startsWith(`${TYPED}    ret`), saved);
    const inserted = saved.slice(`${TYPED}    ret`.length);
    assert.equal(inserted.replaceAll(/\s/g, ""), ghost.replaceAll(/\s/g, ""));
    const offered = editor.answers("textDocument/inlineCompletion").flatMap(({ result }) => (result ?? []) as { insertText: string; data: { id: number } }[]);
    const accepted = (executed("dgls.accepted").at(-1)?.params?.arguments as [{ id: number }])[0].id;
    assert.ok(offered.some(({ data, insertText }) => data.id === accepted && insertText === inserted));
    assert.equal((await answered("dgls.accepted")).error, undefined);
  });

  test("a word of ghost text is accepted alone, and the server is told how much", async () => {
    await given("part.py", TYPED);
    await window.go(6, 1);
    await window.type("    ");
    await typing("re");
    await window.ghost();
    await window.press("Control+ArrowRight");
    const told = await until("a partial acceptance", () => editor.sent("client", "dgls/partiallyAccepted").at(-1));
    const saved = await window.saved("part.py");
    assert.equal(saved.length, TYPED.length + "    re".length + Number(told.params?.length));
  });

  test("a selection is filled before one's eyes, and undo restores every byte", async () => {
    await given("basket.py", BASKET);
    await window.select([7, 9], [9, 16]);
    await window.drafts();
    await window.press("Control+Alt+g", "f");
    let [last, shot] = ["", 0];
    await until("a fill", async () => {
      const draft = await window.draft();
      if (draft !== "" && draft !== last) await window.picture(path.join(pictures, `settling-${(shot += 1)}.png`));
      last = draft;
      return window.isSettled();
    });
    await window.picture(path.join(pictures, "settled.png"));
    const drafts = await window.drafts();
    const frames = editor.sent("server", "dgls/frame");
    assert.ok(new Set(drafts).size >= 2, `the canvas was seen to settle in ${drafts.length} drafts of ${frames.length} frames`);
    await window.press("Control+Enter");
    await window.unsettled();
    const saved = await window.saved("basket.py");
    const { result } = await answered("dgls.fill");
    const [best] = result?.fills as { edits: { newText: string }[] }[];
    const newText = best?.edits[0]?.newText ?? "";
    const [head, tail] = [BASKET.indexOf("        total = 0") + 8, BASKET.indexOf("\n        return total")];
    assert.equal(saved, BASKET.slice(0, head) + newText + BASKET.slice(tail));
    assert.notEqual(saved, BASKET);
    assert.equal(frames.at(-1)?.params?.state, "done");
    await window.press("Control+z");
    assert.equal(await window.saved("basket.py"), BASKET);
  });

  test("drawn again, a fill is still one step to undo; typing is a step of its own; Discard takes it back", async () => {
    await given("again.py", LONG);
    await window.select([4, 16], [4, 25]);
    await window.run("Fill the Selection, or at the Cursor");
    await window.settled();
    await answered("dgls.fill");
    await window.press("Control+Alt+Enter");
    await answered("dgls.redenoise");
    await window.settled();
    const twice = await window.saved("again.py");
    await window.type("x");
    await window.unsettled();
    await window.press("Control+z");
    assert.equal(await window.saved("again.py"), twice);
    await window.press("Control+z");
    assert.equal(await window.saved("again.py"), LONG);

    await window.select([4, 16], [4, 25]);
    await window.run("Fill the Selection, or at the Cursor");
    await window.settled();
    await window.press("Control+Shift+Backspace");
    await window.unsettled();
    assert.equal(await window.saved("again.py"), LONG);
  });

  test("what is pinned survives to the letter", async () => {
    await given("pinned.py", LONG);
    await window.select([5, 9], [5, 27]); // price = item.price
    await window.press("Control+Alt+g", "p");
    await window.pinned();
    await window.select([4, 9], [5, 27]);
    await window.press("Control+Alt+g", "f");
    const { result, error } = await answered("dgls.fill");
    assert.equal(error, undefined);
    if (result?.applied) { // where all that the model finds around a pin is not valid, nothing is
      await window.settled();
      await window.picture(path.join(pictures, "pinned.png"));
      await window.press("Control+Enter");
    }
    const saved = await window.saved("pinned.py");
    assert.deepEqual((executed("dgls.fill").at(-1)?.params?.arguments as [{ pins: unknown }])[0].pins, [
      { start: { line: 4, character: 8 }, end: { line: 4, character: 26 } },
    ]);
    assert.ok(saved.startsWith(LONG.split("name =")[0] ?? ""));
    assert.ok(saved.includes("price = item.price"));
    assert.ok(saved.endsWith(LONG.slice(LONG.indexOf("\n        lines.append(f"))));
  });

  test("all holes of a file are filled by one edit", async () => {
    await given("holes.py", BASKET);
    await window.run("Fill Holes: in This File");
    const { result } = await answered("dgls.fillHoles");
    assert.equal(result?.applied, true, JSON.stringify(result));
    await window.settled();
    await window.picture(path.join(pictures, "holes.png"));
    const saved = await window.saved("holes.py");
    const edits = (result.fills as { edits: unknown[] }[])[0]?.edits.length ?? 0;
    assert.equal(edits + Number(result.left), 2);
    assert.equal(saved.split("...").length - 1, Number(result.left));
    await window.press("Control+z");
    assert.equal(await window.saved("holes.py"), BASKET);
  });

  test("what does not parse is repaired by quick fix", async () => {
    await given("broken.py", BROKEN);
    await window.go(1, 24);
    await window.press("Control+.");
    const row = window.page.locator(".action-widget .monaco-list-row", { hasText: "Repair" }).first();
    await row.waitFor();
    await window.picture(path.join(pictures, "repair.png"));
    await until("the quick fix in focus", async () => {
      if ((await window.page.locator(".action-widget .monaco-list-row.focused", { hasText: "Repair" }).count()) > 0) return true;
      await window.press("ArrowDown");
      return false;
    });
    await window.press("Enter");
    await window.settled();
    const saved = await window.saved("broken.py");
    assert.match(saved, /^def area\(width, height.*\):/);
    assert.ok(saved.endsWith("\n\n\nprint(area(2, 3))\n"));
  });

  test("a selection is rewritten at a strength that is chosen from a list or typed", async () => {
    await given("rewrite.py", LONG);
    await window.select([3, 5], [6, 41]);
    await window.press("Control+Alt+g", "w");
    const input = window.page.locator(".quick-input-widget input[type=text]");
    await input.waitFor();
    await window.picture(path.join(pictures, "rewrite.png"));
    await input.fill("0.35");
    await window.page.locator(".quick-input-list .monaco-list-row.focused", { hasText: "0.35" }).waitFor();
    await window.press("Enter");
    const { result, error } = await answered("dgls.rewrite");
    assert.equal(error, undefined);
    assert.equal((executed("dgls.rewrite").at(-1)?.params?.arguments as [{ strength: number }])[0].strength, 0.35);
    const saved = await window.saved("rewrite.py");
    assert.equal(saved !== LONG, result?.applied);
    assert.ok(saved.startsWith("def describe(basket):\n    lines = []\n    ") && saved.endsWith('\n    lines.append("done")\n    return lines\n'));
  });

  test("Escape stops a job within a step, and leaves the text alone", async () => {
    await given("cancel.py", LONG);
    await window.select([2, 5], [8, 17]);
    await window.press("Control+Alt+g", "f");
    await window.drafting();
    await window.press("Escape");
    const { error } = await answered("dgls.fill");
    assert.equal(error?.code, CANCELLED);
    const noted = editor.noted();
    const id = executed("dgls.fill").at(-1)?.id;
    const cancelled = noted.findIndex(({ message }) => message.method === "$/cancelRequest" && message.params?.id === id);
    const late = noted.slice(cancelled).filter(({ message }) => message.method === "dgls/frame" && message.params?.id === id);
    assert.ok(late.length <= 1, `${late.length} frames came after the cancellation`);
    await until("the text to be shown again", async () => (await window.draft()) === "");
    assert.equal(text("cancel.py"), LONG);
    await window.type("x");
    await window.press("Control+z");
    assert.equal(await window.saved("cancel.py"), LONG);
  });

  test("a keystroke into the text stops a job, and stays", async () => {
    await given("typing.py", LONG);
    await window.select([2, 5], [6, 41]);
    await window.press("Control+Alt+g", "f");
    await window.drafting();
    await window.press("End");
    await window.type("  # mine");
    assert.equal((await answered("dgls.fill")).error?.code, CANCELLED);
    const saved = await window.saved("typing.py");
    assert.equal(saved.replace("  # mine", ""), LONG);
    assert.notEqual(saved, LONG);
  });

  test("a file that is read-only is left alone, and named", async () => {
    await given("locked.py", BASKET);
    await window.press("F1");
    await window.choose(">File: Set Active Editor Read-only in Session", "Set Active Editor Read-only in Session");
    await window.run("Fill Holes: in This File");
    await window.told(/locked\.py was not changed \(.*it is read-only, or was closed\): make it writable or save it under another name/);
    assert.equal(text("locked.py"), BASKET);
  });

  test("a cell of a notebook gets ghost text, which Tab puts into the notebook", async () => {
    const cell = (source: string): object => ({ cell_type: "code", execution_count: null, metadata: {}, outputs: [], source: source.split(/(?<=\n)/) });
    const python = { name: "python3", display_name: "Python 3", language: "python" };
    const book = { cells: [cell("prices = [3, 4, 5]"), cell(TYPED)], metadata: { kernelspec: python, language_info: { name: "python" } }, nbformat: 4, nbformat_minor: 5 };
    const sources = (): string[] => (JSON.parse(text("prices.ipynb")) as { cells: { source: string[] }[] }).cells.map(({ source }) => source.join(""));
    writeFileSync(path.join(folder, "prices.ipynb"), JSON.stringify(book));
    await window.find("prices.ipynb");
    await window.page.locator(".notebookOverlay .cell .monaco-editor .view-lines", { hasText: "last" }).click();
    await window.page.locator(".notebookOverlay .monaco-editor.focused").waitFor();
    await until("the server to know the notebook", () => editor.sent("client", "notebookDocument/didOpen").at(-1));
    await window.press("Control+End");
    await window.type("    ");
    await typing("ret");
    const ghost = await window.ghost();
    await window.picture(path.join(pictures, "notebook.png"));
    await window.press("Tab");
    await window.saved("prices.ipynb");
    const [first, second = ""] = sources();
    assert.equal(first, "prices = [3, 4, 5]");
    assert.ok(second.startsWith(`${TYPED}    ret`), second);
    assert.equal(second.slice(`${TYPED}    ret`.length).replaceAll(/\s/g, ""), ghost.replaceAll(/\s/g, ""));
  });

  test("the menu behind the status bar pauses and resumes", async () => {
    assert.match(await window.menu(), /^dgls: (ready|busy)/);
    await window.picture(path.join(pictures, "menu.png"));
    await window.choose("Pause");
    await window.untilStatus(/^dgls: paused/);
    assert.match(await window.menu(), /^dgls: paused/);
    await window.choose("Resume");
    await window.untilStatus(/^dgls: ready/);
  });

  test("the doctor's report is shown to its end", async () => {
    await window.menu();
    await window.choose("Doctor");
    await window.page.locator(".tab.active", { hasText: "dgls doctor.txt" }).waitFor();
    const head = await until("the head of the report", async () => {
      const screen = await window.screen();
      return screen.includes("extension ") ? screen : undefined;
    });
    assert.match(head, /server {5}0\.1\.\d+, from the setting/);
    assert.match(head, /running {4}yes/);
    await window.page.locator(".editor-instance .view-lines").first().click();
    await window.press("Control+End");
    await until("the end of the report", async () => (await window.screen()).includes("nothing is wrong"));
    await window.picture(path.join(pictures, "doctor.png"));
    await window.press("Control+F4");
  });

  test("First Steps opens the walkthrough", async () => {
    await window.menu();
    await window.choose("First Steps");
    const page = window.page.locator(".gettingStartedContainer");
    await page.getByText("First steps with dgls").first().waitFor();
    for (const step of ["Get the server running", "Select, and fill", "Mend what does not parse"]) await page.getByText(step).first().waitFor();
    await window.picture(path.join(pictures, "walkthrough.png"));
    await window.press("Control+F4");
  });

  test("a server that dies comes back by itself, and works on", async () => {
    const started = editor.noted().filter((one) => one.from === "recorder");
    const [pid, ...others] = editor.servers();
    assert.ok(pid !== undefined && others.length === 0, "there is one server");
    process.kill(pid, "SIGKILL");
    await until("another server", () => editor.noted().filter((one) => one.from === "recorder").length > started.length);
    await window.untilStatus(/^dgls: ready/);
    await given("back.py", BASKET);
    await window.go(9, 13);
    await window.press("Control+Alt+g", "h");
    assert.equal((await answered("dgls.fillHoles")).result?.applied, true);
    await window.settled();
    assert.notEqual(await window.saved("back.py"), BASKET);
  });

  test("a second window works on the same server, with documents of its own", async () => {
    const other = path.join(scratch, "other");
    mkdirSync(other);
    writeFileSync(path.join(other, "mine.py"), LONG);
    const before = editor.servers();
    const second = await editor.open(other);
    await second.untilStatus(/^dgls: ready/);
    assert.deepEqual(editor.servers(), before);
    await second.show("mine.py");
    await second.select([4, 16], [4, 25]);
    await second.press("Control+Alt+g", "f");
    await given("yours.py", BASKET);
    await window.select([9, 13], [9, 16]);
    await window.press("Control+Alt+g", "f");
    await Promise.all([window.settled(), second.settled()]);
    assert.deepEqual(editor.servers(), before);
    assert.notEqual(await window.saved("yours.py"), BASKET);
    const mine = await second.saved("mine.py");
    const lines = LONG.split("\n");
    lines[3] = mine.split("\n")[3] ?? "";
    assert.equal(mine, lines.join("\n"));
    await second.page.close();
  });
});

describe("a workspace that is not trusted", () => {
  const own = path.join(scratch, "restricted");
  const hostile = path.join(scratch, "hostile");
  const trace = path.join(scratch, "trace");
  let editor: Editor;

  before(async () => {
    mkdirSync(own);
    mkdirSync(path.join(hostile, ".vscode"), { recursive: true });
    mkdirSync(path.join(hostile, ".venv/bin"), { recursive: true });
    const trap = `open(${JSON.stringify(trace)}, "a").write(__file__)\n`;
    for (const name of ["dgls.py", "typing.py", "sitecustomize.py"]) writeFileSync(path.join(hostile, name), trap);
    writeFileSync(path.join(hostile, ".venv/bin/python"), `#!/bin/sh\necho "$0" >> ${trace}\necho "dgls, version 0.1.0"\n`, { mode: 0o755 });
    const settings = { "dgls.server.command": [path.join(hostile, ".venv/bin/python")], "dgls.model.checkpoint": "/hostile/model", "dgls.infill.seed": 987654321 };
    writeFileSync(path.join(hostile, ".vscode/settings.json"), JSON.stringify(settings));
    writeFileSync(path.join(hostile, "basket.py"), BASKET);
    editor = await Editor.start({ cache, vsix, scratch: own, chromium }, { ...watched(own), "security.workspace.trust.enabled": true, "security.workspace.trust.startupPrompt": "never" });
  });
  after(() => editor.stop());

  test("dgls works there, and takes neither programs nor modules nor settings from it", async () => {
    const window = await editor.open(hostile);
    await window.untilStatus(/^dgls: ready/);
    await window.show("basket.py");
    await window.go(9, 13);
    await window.press("Control+Alt+g", "h");
    await window.settled();
    assert.notEqual(await window.saved("basket.py"), BASKET);
    assert.equal(existsSync(trace), false);
    const told = JSON.stringify(editor.noted());
    assert.ok(!told.includes("987654321") && !told.includes("/hostile/model"));
    await window.picture(path.join(pictures, "restricted.png"));
  });
});

describe("a server of the extension's own", () => {
  const own = path.join(scratch, "own");
  const home = path.join(own, "user/User/globalStorage/dgls.dgls/server");
  // Its libraries are those that the tests run with: to fetch them again would take minutes. dgls itself is the one installed.
  const libraries = execFileSync(python, ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], { encoding: "utf8" }).trim();
  const chosen = path.join(own, "python");
  let settings: Record<string, unknown>;
  let editor: Editor;
  let window: Window;

  before(async () => {
    mkdirSync(own);
    writeFileSync(chosen, "#!/bin/sh\necho 3.9.2\n", { mode: 0o755 });
    settings = { "dgls.server.python": chosen, "dgls.server.pipArguments": ["--no-deps", "--ignore-installed"], "dgls.model.threads": 1, "dgls.infill.command_deadline_ms": 120_000 };
    editor = await Editor.start({ cache, vsix, scratch: own, chromium }, settings, { PYTHONPATH: libraries, PATH: "/usr/bin:/bin" });
    window = await editor.open(folder);
  });
  after(() => editor.stop());
  afterEach((context) => shown(context, window));

  test("a Python that is too old is named, with the next step", async () => {
    await window.told(/no server on this machine yet/);
    await window.picture(path.join(pictures, "install.png"));
    await window.run("Install the Server");
    await window.told(/needs Python 3\.11 or later, and .* is 3\.9\.2: install a newer one/);
  });

  test("is made on consent, and serves", async () => {
    writeFileSync(chosen, `#!/bin/sh\nexec ${realpathSync(python)} "$@"\n`);
    await window.run("Install the Server");
    await window.agree("Install");
    await window.untilStatus(/^dgls: ready/);
    assert.equal(existsSync(path.join(home, "complete")), true);
  });

  test("is made anew while it serves, and serves again", async () => {
    const [first] = editor.servers();
    const made = statSync(path.join(home, "complete")).ino;
    await window.run("Install the Server");
    await window.agree("Install");
    await until("another server", () => editor.servers().some((pid) => pid !== first));
    await window.untilStatus(/^dgls: ready/);
    assert.ok(!editor.servers().includes(first ?? 0));
    assert.notEqual(statSync(path.join(home, "complete")).ino, made);
    assert.equal(existsSync(`${home}.unfinished`), false);
    writeFileSync(path.join(folder, "own.py"), BASKET);
    await window.show("own.py");
    await window.go(9, 13);
    await window.press("Control+Alt+g", "h");
    await window.settled();
    assert.notEqual(await window.saved("own.py"), BASKET);
  });

  test("a checkpoint that is not there is named where the setting asks for it, and the one before comes back with the setting", async () => {
    editor.set({ ...settings, "dgls.model.checkpoint": "/nowhere/model" });
    await window.untilStatus(/^dgls: .*\/nowhere\/model/);
    await window.picture(path.join(pictures, "no-checkpoint.png"));
    editor.set(settings);
    await window.untilStatus(/^dgls: ready/);
  });
});

describe("surroundings that are bad", () => {
  test("a server that cannot be started is named, with the next step", async () => {
    const own = path.join(scratch, "nowhere");
    mkdirSync(own);
    const editor = await Editor.start({ cache, vsix, scratch: own, chromium }, { "dgls.server.command": ["/nowhere/dgls"] });
    try {
      const window = await editor.open(folder);
      await window.told(/names \/nowhere\/dgls, which does not start \(there is no such program\): correct it/);
      await window.untilStatus(/names \/nowhere\/dgls/);
      await window.show("basket.py");
      await window.go(1, 1);
      await window.type("# typed all the same\n");
      assert.ok((await window.saved("basket.py")).startsWith("# typed all the same\n"));
    } finally {
      await editor.stop();
    }
  });
});

after(() => { if (!process.env.DGLS_E2E_KEEP) rmSync(scratch, { recursive: true, force: true }); });
