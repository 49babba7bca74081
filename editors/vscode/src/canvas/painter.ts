// Frames drawn in place as decorations: the gap's text is hidden, its draft stands there instead.

import * as vscode from "vscode";
import type { Frame } from "../protocol.ts";
import { colouring, shownText, strips } from "./strips.ts";

const LEAST_MS = 30;
const TAB = 4;

/** Draws the frames of one document. The text is never touched. */
export class Painter implements vscode.Disposable {
  // One type hides and shows, so that no picture is ever drawn between the two.
  private readonly look = vscode.window.createTextEditorDecorationType({
    textDecoration: "none; display: none",
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  });
  private readonly document: vscode.TextDocument;
  private latest: Frame | undefined;
  private pause: NodeJS.Timeout | undefined;

  constructor(document: vscode.TextDocument) {
    this.document = document;
  }

  /** Draw `frame`, or, where frames come faster than eyes, the last one of a moment. */
  show(frame: Frame): void {
    this.latest = frame;
    if (this.pause !== undefined) return;
    this.draw(frame);
    this.pause = setTimeout(() => {
      this.pause = undefined;
      if (this.latest !== undefined && this.latest !== frame) this.show(this.latest);
    }, LEAST_MS);
  }

  private draw(frame: Frame): void {
    for (const editor of vscode.window.visibleTextEditors) {
      if (editor.document !== this.document) continue;
      const tab = typeof editor.options.tabSize === "number" ? editor.options.tabSize : TAB;
      const widthOf = (line: number): number => this.document.lineAt(line).text.length;
      const drawn = frame.drafts.flatMap(({ range, runs }) => strips(range, runs, widthOf, tab));
      editor.setDecorations(
        this.look,
        drawn.map(({ line, start, end, pieces }) => ({
          range: new vscode.Range(line, start, line, end),
          renderOptions:
            pieces.length > 0 ? { before: { contentText: shownText(pieces), textDecoration: colouring(pieces) } } : {},
        })),
      );
    }
  }

  /** Take everything away. */
  dispose(): void {
    clearTimeout(this.pause);
    this.latest = undefined;
    this.look.dispose();
  }
}
