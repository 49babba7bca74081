// A window of the real editor, worked as a person does.

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import type { Editor } from "./editor.ts";
import { until } from "./until.ts";

/** One window, worked by keys. */
export class Window {
  readonly page: Page;
  private readonly folder: string;
  private readonly editor: Editor;

  constructor(page: Page, folder: string, editor: Editor) {
    this.page = page;
    this.folder = folder;
    this.editor = editor;
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

  /** Write a file and open it. */
  async written(name: string, text: string): Promise<void> {
    writeFileSync(path.join(this.folder, name), text);
    await this.show(name);
  }

  /** Write a file, open it, and wait until the server knows it. What was noted before is forgotten. */
  async given(name: string, text: string): Promise<void> {
    this.editor.forget();
    await this.written(name, text);
    await until("the server to know the file", () =>
      this.editor.sent("client", "textDocument/didOpen").some(({ params }) => JSON.stringify(params).includes(`${name}"`)),
    );
  }

  /** Type until VS Code asks for ghost text: its part for that comes some time after an editor, and hears no key before. */
  async typing(text: string): Promise<void> {
    const asked = (): number => this.editor.sent("client", "textDocument/inlineCompletion").length;
    await until(`VS Code to ask for ghost text behind ${text}`, async () => {
      const before = asked();
      await this.type(text);
      const heard = await until("a request", () => asked() > before, 3_000).catch(() => false);
      if (!heard) await this.press(...Array.from(text, () => "Backspace"));
      return heard;
    });
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
    return this.stored(name);
  }

  /** What a file of the folder holds. */
  stored(name: string): string {
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

  /** Take all notifications away. */
  async hush(): Promise<void> {
    await this.press("F1");
    await this.choose(">Notifications: Clear All Notifications", "Clear All Notifications");
    await this.page.locator(".notification-list-item-message").first().waitFor({ state: "detached" });
  }

  async picture(file: string): Promise<void> {
    await this.page.screenshot({ path: file });
  }
}

/** Runs in the page: notes every text that is drawn in place of another, frame by frame. */
export function watchDrafts(): void {
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
