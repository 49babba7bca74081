// The status bar: how dgls is, here and now, and a menu of what can be done about it.

import * as vscode from "vscode";
import type { Status } from "./protocol.ts";
import { look, type Condition } from "./condition.ts";

const MOMENT_MS = 400;

/** Shows the condition of the server; what it says of one document counts where that is looked at. */
export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("dgls.status", vscode.StatusBarAlignment.Right, 100);
  private condition: Condition = { state: "starting", message: "" };
  private here: Status | undefined;
  private step: number | undefined;
  private pause: NodeJS.Timeout | undefined;

  constructor() {
    this.item.name = "dgls";
    this.item.command = "dgls.menu";
    this.draw();
    this.item.show();
  }

  /** How the server is; what is done in a moment is not worth a flicker. */
  tell(condition: Condition): void {
    clearTimeout(this.pause);
    this.condition = condition;
    if (condition.state === "busy") this.pause = setTimeout(() => { this.draw(); }, MOMENT_MS);
    else this.draw();
  }

  /** How it is about the document in the active editor; undefined where there is none. */
  tellHere(status: Status | undefined): void {
    this.here = status;
    this.draw();
  }

  /** How many decoder passes of a job were made; undefined: none is at work. */
  tellStep(step: number | undefined): void {
    this.step = step;
    this.draw();
  }

  get state(): Condition["state"] {
    return this.here?.state === "disabled" ? "disabled" : this.condition.state;
  }

  get message(): string {
    return this.here?.state === "disabled" ? this.here.message : this.condition.message;
  }

  private draw(): void {
    const off = this.here?.state === "disabled" ? this.here : undefined;
    const { text, tooltip, colour } = look(off ?? this.condition, this.step);
    this.item.text = text;
    this.item.tooltip = tooltip;
    this.item.backgroundColor = colour === undefined ? undefined : new vscode.ThemeColor(colour);
    this.item.accessibilityInformation = { label: tooltip, role: "button" };
  }

  dispose(): void {
    clearTimeout(this.pause);
    this.item.dispose();
  }
}
