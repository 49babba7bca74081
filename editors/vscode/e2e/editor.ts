// The real editor: code-server with the built extension, a browser for its windows, and what both left behind.

import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import path from "node:path";
import { chromium as driver, type Browser, type BrowserContext, type Page } from "playwright-core";

/** How long a condition may take to come true on a machine that has other work. */
export const PATIENCE_MS = 180_000;

const CALM = {
  "security.workspace.trust.enabled": false,
  "telemetry.telemetryLevel": "off",
  "editor.inlineSuggest.enabled": true,
  "editor.quickSuggestions": { other: "off", comments: "off", strings: "off" },
  "editor.suggestOnTriggerCharacters": false,
  "editor.autoClosingBrackets": "never",
  "editor.autoClosingQuotes": "never",
  "editor.autoIndent": "none",
  "editor.minimap.enabled": false,
  "editor.fontSize": 15,
  "editor.cursorBlinking": "solid",
  "editor.lightbulb.enabled": "off",
  "files.autoSave": "off",
  "files.insertFinalNewline": false,
  "chat.disableAIFeatures": true,
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.colorTheme": "Default Dark Modern",
  "git.enabled": false,
  "extensions.ignoreRecommendations": true,
};

export interface Places {
  /** The folder that the editor was installed into. */
  readonly cache: string;
  readonly vsix: string;
  /** An empty folder for all that this editor writes. */
  readonly scratch: string;
  readonly chromium: string;
}

/** A message of the protocol, as it passed between an editor's client and a server. */
export interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown> | null;
  readonly error?: { readonly code: number; readonly message: string };
}

export interface Noted {
  readonly from: "client" | "server" | "recorder";
  readonly recorder: number;
  /** Nothing of the protocol where the recorder notes something itself. */
  readonly message: Message;
  readonly args?: readonly string[];
}

/** Waits until `probe` answers something; the words say what was waited for in vain. */
export async function until<T>(what: string, probe: () => T | Promise<T>, patience = PATIENCE_MS): Promise<Exclude<T, undefined | null | false>> {
  const end = Date.now() + patience;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== null && found !== false) return found as Exclude<T, undefined | null | false>;
    if (Date.now() > end) throw new Error(`in ${patience} ms, this did not come: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export class Editor {
  readonly record: string;
  private forgotten = 0;
  private readonly scratch: string;
  private readonly home: string;
  private readonly address: string;
  private readonly server: ChildProcess;
  private readonly browser: Browser;
  private readonly context: BrowserContext;

  private constructor(places: Places, address: string, server: ChildProcess, browser: Browser, context: BrowserContext) {
    this.address = address;
    this.server = server;
    this.browser = browser;
    this.context = context;
    this.scratch = places.scratch;
    this.home = path.join(places.scratch, "home");
    this.record = path.join(places.scratch, "messages.jsonl");
  }

  /** Install the extension into an editor of its own, and start that with `settings`. */
  static async start(places: Places, settings: Record<string, unknown>, variables: Record<string, string> = {}): Promise<Editor> {
    const { cache, scratch, vsix, chromium } = places;
    const home = path.join(scratch, "home");
    const folders = ["--user-data-dir", path.join(scratch, "user"), "--extensions-dir", path.join(scratch, "extensions")];
    mkdirSync(home, { recursive: true, mode: 0o700 }); // a folder open to others is passed over as XDG_RUNTIME_DIR
    write(scratch, settings);
    const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: path.join(home, "config"), XDG_DATA_HOME: path.join(home, "share"), XDG_RUNTIME_DIR: home, ...variables };
    const entry = path.join(cache, "node_modules/code-server/out/node/entry.js");
    await ended(spawn(process.execPath, [entry, ...folders, "--install-extension", vsix], { env, stdio: "ignore" }));
    const port = await freePort();
    const quiet = ["--auth", "none", "--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"];
    const server = spawn(process.execPath, [entry, ...folders, ...quiet, "--bind-addr", `127.0.0.1:${port}`], { env, stdio: "ignore", detached: true });
    const address = `http://127.0.0.1:${port}`;
    await until("the editor's answer", () => fetch(`${address}/healthz`).then(({ ok }) => ok, () => false));
    const browser = await driver.launch({
      executablePath: chromium,
      args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"],
      env,
    });
    const context = await browser.newContext({ viewport: { width: 1000, height: 640 }, permissions: ["clipboard-read", "clipboard-write"] });
    context.setDefaultTimeout(PATIENCE_MS);
    return new Editor(places, address, server, browser, context);
  }

  /** Have other settings from now on; the windows hear of it in their own time. */
  set(settings: Record<string, unknown>): void {
    write(this.scratch, settings);
  }

  /** Open a folder in a window of its own. */
  async open(folder: string): Promise<Window> {
    const page = await this.context.newPage();
    await page.addInitScript(watchDrafts);
    await page.goto(`${this.address}/?folder=${encodeURIComponent(folder)}`);
    await page.waitForSelector(".monaco-workbench");
    await page.waitForSelector("#dgls\\.dgls\\.dgls\\.status, [id*='dgls.status']");
    return new Window(page, folder);
  }

  /** From now on only what is yet to come counts as noted: an answer to an earlier request is no answer to the next. */
  forget(): void {
    this.forgotten = this.lines().length;
  }

  /** All that was noted, oldest first. */
  noted(): Noted[] {
    return this.lines().slice(this.forgotten).map((line) => ({ message: {}, ...(JSON.parse(line) as Partial<Noted>) }) as Noted);
  }

  private lines(): string[] {
    return existsSync(this.record) ? readFileSync(this.record, "utf8").split("\n").slice(0, -1) : [];
  }

  /** The messages of one side, of one method. */
  sent(from: "client" | "server", method: string): Message[] {
    return this.noted().filter((one) => one.from === from && one.message.method === method).map(({ message }) => message);
  }

  /** The answers to the requests of a method. */
  answers(method: string): Message[] {
    const noted = this.noted();
    return noted.flatMap(({ from, recorder, message }) => {
      if (from !== "client" || message.method !== method) return [];
      return noted.filter((one) => one.from === "server" && one.recorder === recorder && one.message.id === message.id && !one.message.method).map((one) => one.message);
    });
  }

  /** The processes of shared servers that belong to this editor alone. */
  servers(): number[] {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        return command.includes("dgls.server.shared") && readFileSync(`/proc/${pid}/environ`, "utf8").includes(this.home);
      } catch {
        return false; // it has ended meanwhile
      }
    });
  }

  async stop(): Promise<void> {
    await this.browser.close();
    if (this.server.pid !== undefined) process.kill(-this.server.pid); // with the windows' own processes
    await ended(this.server);
  }
}

/** One window of the editor, worked as a person does: by keys. */
export class Window {
  readonly page: Page;
  private readonly folder: string;

  constructor(page: Page, folder: string) {
    this.page = page;
    this.folder = folder;
  }

  /** What the status bar says. */
  async status(): Promise<string> {
    return (await this.page.locator("[id*='dgls.status']").first().getAttribute("aria-label")) ?? "";
  }

  async untilStatus(wanted: RegExp): Promise<string> {
    let status = "";
    return until(`the status ${wanted.source}`, async () => {
      status = await this.status();
      return wanted.test(status) ? status : undefined;
    }).catch((error: unknown) => { throw new Error(`${String(error)}; it is ${status}`); });
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  async type(text: string): Promise<void> {
    await this.page.keyboard.type(text);
  }

  /** Open a file of the folder, whatever shows it. */
  async find(name: string): Promise<void> {
    await this.press("Control+p");
    await this.choose(path.join(this.folder, name), name); // a whole path is found without a search
    await this.page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
  }

  /** Open a file of the folder as text. */
  async show(name: string): Promise<void> {
    await this.find(name);
    await this.page.locator(".monaco-editor.focused").first().waitFor();
  }

  /** Put the cursor there; lines and columns count from 1. */
  async go(line: number, column: number): Promise<void> {
    await this.press("Control+g");
    const input = this.page.locator(".quick-input-widget input[type=text]");
    await input.fill(`:${line}:${column}`);
    await this.press("Enter");
    await this.page.locator(".quick-input-widget").waitFor({ state: "hidden" });
    await until(`the cursor at ${line}:${column}`, async () => (await this.position()).startsWith(`Ln ${line}, Col ${column}`));
  }

  async position(): Promise<string> {
    return (await this.page.locator("[id='status.editor.selection']").textContent()) ?? "";
  }

  async select(from: readonly [number, number], to: readonly [number, number]): Promise<void> {
    await this.go(...from);
    await this.press("Control+k", "Control+b"); // set the anchor
    await this.go(...to);
    await this.press("Control+k", "Control+k"); // select from the anchor
    await until("a selection", async () => (await this.position()).includes("selected"));
  }

  /** Run a command by its title. */
  async run(title: string): Promise<void> {
    await this.press("F1");
    await this.choose(`>dgls: ${title}`, title);
  }

  /** Choose from the list that is open by what is typed; the entry shows `shown` of it. */
  async choose(typed: string, shown = typed): Promise<void> {
    await this.page.locator(".quick-input-widget input[type=text]").fill(typed);
    await this.page.locator(".quick-input-list .monaco-list-row.focused", { hasText: shown }).waitFor();
    await this.press("Enter");
  }

  /** Open the menu behind the status bar, by a click; answers its title. */
  async menu(): Promise<string> {
    await this.page.locator(".quick-input-widget").waitFor({ state: "hidden" }); // that of before
    await this.page.locator("[id*='dgls.status'] a").first().click();
    const title = this.page.locator(".quick-input-widget .quick-input-title");
    await title.waitFor();
    return (await title.textContent()) ?? "";
  }

  /** Say yes to a dialog, by the name of its button. */
  async agree(button: string): Promise<void> {
    await this.page.locator(".monaco-dialog-box .monaco-button", { hasText: button }).first().click();
  }

  /** The lines of the editor that are on the screen, from top to bottom. */
  async screen(): Promise<string> {
    const lines = await this.page.locator(".editor-instance .view-lines .view-line").evaluateAll((found) =>
      found.map((line) => [line.getBoundingClientRect().top, line.textContent] as const).sort(([one], [other]) => one - other).map(([, text]) => text));
    return lines.join("\n").replaceAll("\u00a0", " ");
  }

  /** The ghost text, once there is some. */
  async ghost(): Promise<string> {
    return until("ghost text", async () => {
      const parts = await this.page.locator(".monaco-editor [class*='ghost-text']").allTextContents();
      return parts.join("").trim() ? parts.join("\n") : undefined;
    });
  }

  /** Save, and read the file when it is. */
  async saved(name: string): Promise<string> {
    await this.press("Control+s");
    await until("a saved file", async () => (await this.page.locator(".tab.active.dirty").count()) === 0);
    return readFileSync(path.join(this.folder, name), "utf8");
  }

  /** The drafts that were drawn since they were last asked for. */
  async drafts(): Promise<string[]> {
    return this.page.evaluate(() => (globalThis as unknown as { drafts: string[] }).drafts.splice(0));
  }

  /** The draft that stands on the screen now; empty where there is none. */
  async draft(): Promise<string> {
    return this.page.evaluate(() => (globalThis as unknown as { draft: string }).draft);
  }

  /** Wait until a draft stands on the screen. */
  async drafting(): Promise<void> {
    await until("a draft on the screen", async () => (await this.draft()) !== "");
  }

  async isSettled(): Promise<boolean> {
    return (await this.page.locator(".codelens-decoration", { hasText: "Accept" }).count()) > 0;
  }

  async settled(): Promise<void> {
    await this.page.locator(".codelens-decoration", { hasText: "Accept" }).first().waitFor();
  }

  async unsettled(): Promise<void> {
    await this.page.locator(".codelens-decoration", { hasText: "Accept" }).first().waitFor({ state: "detached" });
  }

  /** Wait until a pin is marked. */
  async pinned(): Promise<void> {
    await until("the mark of a pin", () => this.page.locator(".view-overlays [class*='ced-']").evaluateAll((marks) =>
      marks.some((mark) => getComputedStyle(mark).borderBottomStyle === "dotted")));
  }

  /** What notifications say. */
  async told(wanted: RegExp): Promise<string> {
    return until(`a message like ${wanted.source}`, async () => {
      const texts = await this.page.locator(".notification-list-item-message").allTextContents();
      return texts.find((text) => wanted.test(text));
    });
  }

  async picture(file: string): Promise<void> {
    await this.page.screenshot({ path: file });
  }
}

/** Write settings: what is scoped to the machine is read from the machine's own file, where the editor's server runs. */
function write(scratch: string, settings: Record<string, unknown>): void {
  for (const kind of ["User", "Machine"]) {
    mkdirSync(path.join(scratch, "user", kind), { recursive: true });
    writeFileSync(path.join(scratch, "user", kind, "settings.json"), JSON.stringify({ ...CALM, ...settings }));
  }
}

/** Runs in the page: notes every text that is drawn in place of another, frame by frame. */
function watchDrafts(): void {
  const drafts: string[] = [];
  Object.assign(globalThis, { drafts, draft: "" });
  const look = (): void => {
    const texts = Array.from(document.querySelectorAll(".view-lines span[class*='ced-']"), (span) => getComputedStyle(span, "::before"))
      .filter((style) => style.webkitTextFillColor === "rgba(0, 0, 0, 0)" && style.content !== "none")
      .map((style) => style.content.slice(1, -1).replaceAll("\u00a0", " "));
    const draft = texts.join("\n");
    Object.assign(globalThis, { draft });
    if (draft !== "" && drafts.at(-1) !== draft) drafts.push(draft);
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once("exit", () => { resolve(); });
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => { resolve(port); });
    });
  });
}
