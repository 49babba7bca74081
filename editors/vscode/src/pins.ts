// What of a text no fill may touch: the user marks it, then fills around it.

import * as vscode from "vscode";
import { rangeOf, spanOf } from "./canvas/settled.ts";
import { moved, toggled, within, type Span } from "./spans.ts";

/** The pins of all open documents; they move with the text. */
export class Pins implements vscode.Disposable {
  private readonly look = vscode.window.createTextEditorDecorationType({
    backgroundColor: new vscode.ThemeColor("dgls.pinnedBackground"),
    borderStyle: "none none dotted none",
    borderWidth: "1px",
    borderColor: new vscode.ThemeColor("dgls.pinnedBorder"),
    overviewRulerColor: new vscode.ThemeColor("dgls.pinnedBorder"),
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  });
  private readonly pins = new Map<string, readonly Span[]>();
  private readonly subscriptions: vscode.Disposable[];

  constructor() {
    this.subscriptions = [
      this.look,
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        const changes = contentChanges.map(({ rangeOffset, rangeLength, text }) => ({ offset: rangeOffset, length: rangeLength, text }));
        const uri = document.uri.toString();
        const known = this.pins.get(uri);
        if (known) this.pins.set(uri, moved(known, changes));
      }),
      vscode.workspace.onDidCloseTextDocument((document) => this.pins.delete(document.uri.toString())),
      vscode.window.onDidChangeVisibleTextEditors(() => { this.draw(); }),
    ];
  }

  /** Pin the selections of `editor`; what lies within a pin is let go instead. */
  toggle(editor: vscode.TextEditor): void {
    const uri = editor.document.uri.toString();
    let pins = this.pins.get(uri) ?? [];
    for (const selection of editor.selections) pins = toggled(pins, spanOf(editor.document, selection));
    this.pins.set(uri, pins.filter((span) => span.start < span.end));
    this.draw();
  }

  /** The pins inside `range`. */
  inside(document: vscode.TextDocument, range: vscode.Range): vscode.Range[] {
    const pins = within(this.pins.get(document.uri.toString()) ?? [], spanOf(document, range));
    return pins.map((span) => rangeOf(document, span));
  }

  /** Let all pins of `document` go. */
  clear(document: vscode.TextDocument): void {
    this.pins.delete(document.uri.toString());
    this.draw();
  }

  private draw(): void {
    for (const editor of vscode.window.visibleTextEditors) {
      const pins = this.pins.get(editor.document.uri.toString()) ?? [];
      editor.setDecorations(this.look, pins.map((span) => rangeOf(editor.document, span)));
    }
  }

  dispose(): void {
    this.subscriptions.forEach((subscription) => void subscription.dispose());
  }
}
