// The real editor: code-server with the built extension, a browser for its windows, and what both left behind.

import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import path from "node:path";
import { chromium as driver, type Browser, type BrowserContext } from "playwright-core";
import { PATIENCE_MS, until } from "./until.ts";
import { watchDrafts, Window } from "./window.ts";

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

export class Editor {
  readonly record: string;
  private forgotten = 0;
  private changes = 0;
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

  /** Have other settings from now on. A window has heard of them when its title is the one that they give it. */
  async set(settings: Record<string, unknown>): Promise<void> {
    const title = `settings ${(this.changes += 1)}`;
    write(this.scratch, settings, { "window.title": title });
    await until("the settings to hold", async () => {
      const titles = await Promise.all(this.context.pages().map((page) => page.title()));
      return titles.every((one) => one.includes(title));
    });
  }

  /** Open a folder in a window of its own. */
  async open(folder: string): Promise<Window> {
    const page = await this.context.newPage();
    await page.addInitScript(watchDrafts);
    await page.goto(`${this.address}/?folder=${encodeURIComponent(folder)}`);
    await page.waitForSelector(".monaco-workbench");
    await page.waitForSelector("#dgls\\.dgls\\.dgls\\.status, [id*='dgls.status']");
    return new Window(page, folder, this);
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

  /** The requests for a command. */
  executed(command: string): Message[] {
    return this.sent("client", "workspace/executeCommand").filter(({ params }) => params?.command === command);
  }

  /** The answer to the last request for a command, once it is there. */
  answered(command: string): Promise<Message> {
    return until(`an answer to ${command}`, () => {
      const asked = this.executed(command).at(-1);
      return this.answers("workspace/executeCommand").find(({ id }) => id === asked?.id);
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

/** Write settings: what is scoped to the machine is read from the machine's own file, where the editor's server runs. */
function write(scratch: string, settings: Record<string, unknown>, machine: Record<string, unknown> = {}): void {
  for (const [kind, more] of [["User", {}], ["Machine", machine]] as const) {
    mkdirSync(path.join(scratch, "user", kind), { recursive: true });
    writeFileSync(path.join(scratch, "user", kind, "settings.json"), JSON.stringify({ ...CALM, ...settings, ...more }));
  }
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
