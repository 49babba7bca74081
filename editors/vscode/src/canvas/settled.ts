// What a job has written, until the user says what is to become of it: kept, drawn again, or taken back.

import * as vscode from "vscode";
import { written, type Change, type Span } from "../spans.ts";

const KEY = "dgls.settled";

/** A fill that stands in its document and waits for a word of the user; any change of the text is one. */
export class Settled implements vscode.Disposable, vscode.CodeLensProvider {
  private readonly look = vscode.window.createTextEditorDecorationType({
    backgroundColor: new vscode.ThemeColor("dgls.filledBackground"),
    borderRadius: "2px",
  });
  private readonly lensesChanged = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.lensesChanged.event;
  private readonly subscriptions: vscode.Disposable[];
  private fill: { document: vscode.TextDocument; before: string; changes: readonly Change[]; summary: string } | undefined;
  private applying = 0;

  constructor() {
    this.subscriptions = [
      this.look,
      this.lensesChanged,
      vscode.languages.registerCodeLensProvider("*", this),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (this.applying === 0 && contentChanges.length > 0 && document === this.fill?.document) this.accept();
      }),
      vscode.workspace.onDidCloseTextDocument((document) => {
        if (document === this.fill?.document) this.accept();
      }),
      vscode.window.onDidChangeActiveTextEditor(() => void this.tell()),
    ];
  }

  get document(): vscode.TextDocument | undefined {
    return this.fill?.document;
  }

  /** Whether the extension itself is changing a text now. */
  get writing(): boolean {
    return this.applying > 0;
  }

  /**
   * Make `changes`, sorted by offset, as one step to undo; or, with `again`, as part of the step that made the fill
   * that stands now. Calls `drawn` when the picture of the new text is on its way.
   */
  async write(document: vscode.TextDocument, changes: readonly Change[], again: boolean, drawn: () => void): Promise<boolean> {
    const earlier = again && this.fill?.document === document ? this.fill : undefined;
    const before = document.getText();
    const edits = changes.map(({ offset, length, text }) => ({ range: rangeOf(document, { start: offset, end: offset + length }), text }));
    const isNew = edits.some(({ range, text }) => unix(document.getText(range)) !== unix(text));
    const editor = vscode.window.visibleTextEditors.find((visible) => visible.document === document);
    this.applying += 1;
    try {
      const applied = editor
        ? editor.edit((builder) => { edits.forEach(({ range, text }) => { builder.replace(range, text); }); }, {
            undoStopBefore: earlier === undefined,
            undoStopAfter: false, // what is drawn again joins this step
          })
        : applyUnseen(document.uri, edits);
      drawn();
      if (!(await applied) || (isNew && document.getText() === before)) return false; // a read-only editor says yes, and changes nothing
    } finally {
      this.applying -= 1;
    }
    this.fill = { document, before: earlier?.before ?? before, changes, summary: "" };
    const spans = written(changes);
    const end = spans.at(-1)?.end;
    if (editor && end !== undefined) {
      // What stood selected is written anew, and would be lost to the next key.
      const behind = document.positionAt(end);
      editor.selection = new vscode.Selection(behind, behind);
    }
    this.show(spans);
    return true;
  }

  /** Say beside the fill how sure the model was. */
  summarise(summary: string): void {
    if (this.fill) this.fill = { ...this.fill, summary };
    this.lensesChanged.fire();
  }

  /** Keep the text: only the marks go. */
  accept(): void {
    if (!this.fill) return;
    this.fill = undefined;
    for (const editor of vscode.window.visibleTextEditors) editor.setDecorations(this.look, []);
    void this.tell();
  }

  /** Take the fill back, by undoing its one step where that is the last one. */
  async discard(): Promise<void> {
    const { fill } = this;
    if (!fill) return;
    this.accept();
    const { document, before } = fill;
    if (vscode.window.activeTextEditor?.document === document) await vscode.commands.executeCommand("undo");
    if (document.getText() === before) return;
    const edit = new vscode.WorkspaceEdit();
    edit.replace(document.uri, rangeOf(document, { start: 0, end: document.getText().length }), before);
    await vscode.workspace.applyEdit(edit);
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (document !== this.fill?.document) return [];
    const [first] = written(this.fill.changes);
    if (!first) return [];
    const range = rangeOf(document, { start: first.start, end: first.start });
    const lens = (title: string, command: string, tooltip: string): vscode.CodeLens =>
      new vscode.CodeLens(range, { title, command, tooltip });
    return [
      lens("$(check) Accept", "dgls.accept", "Keep this text (Ctrl+Enter)"),
      lens("$(refresh) Again", "dgls.again", "Draw it again (Ctrl+Alt+Enter)"),
      lens("$(discard) Discard", "dgls.discard", "Take it back (Ctrl+Shift+Backspace)"),
      ...(this.fill.summary ? [lens(this.fill.summary, "", "")] : []),
    ];
  }

  private show(spans: readonly Span[]): void {
    const { fill } = this;
    if (!fill) return;
    const ranges = spans.map((span) => rangeOf(fill.document, span));
    for (const editor of vscode.window.visibleTextEditors) {
      if (editor.document === fill.document) editor.setDecorations(this.look, ranges);
    }
    void this.tell();
  }

  private async tell(): Promise<void> {
    this.lensesChanged.fire();
    const here = this.fill !== undefined && vscode.window.activeTextEditor?.document === this.fill.document;
    await vscode.commands.executeCommand("setContext", KEY, here);
  }

  dispose(): void {
    this.subscriptions.forEach((subscription) => void subscription.dispose());
  }
}

function unix(text: string): string {
  return text.replaceAll("\r\n", "\n");
}

/** Change a document that no editor shows. */
function applyUnseen(uri: vscode.Uri, edits: readonly { range: vscode.Range; text: string }[]): Thenable<boolean> {
  const edit = new vscode.WorkspaceEdit();
  edits.forEach(({ range, text }) => { edit.replace(uri, range, text); });
  return vscode.workspace.applyEdit(edit);
}

export function rangeOf(document: vscode.TextDocument, span: Span): vscode.Range {
  return new vscode.Range(document.positionAt(span.start), document.positionAt(span.end));
}

export function spanOf(document: vscode.TextDocument, range: vscode.Range): Span {
  return { start: document.offsetAt(range.start), end: document.offsetAt(range.end) };
}
