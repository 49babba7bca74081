// A draft laid over its gap, line by line: what the editor hides there and what it shows instead.
// Knows nothing of VS Code; colours are those that the extension contributes.

import type { Range } from "vscode-languageserver-protocol";
import type { Run } from "../protocol.ts";

const WIDEST = 200;
const LINE_END = "\u21b5";
const FAINTEST = 0.3;

/** One line of a gap: its characters `start` to `end` are hidden, and `pieces` stand in their place. */
export interface Strip {
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly pieces: readonly Run[];
}

/**
 * The strips of a draft, one per line of its gap.
 *
 * No line can be drawn where the document has none, so what a draft has beyond the gap's last line is joined to
 * that. Noise breaks no line: it changes with every step, and the lines below would jump.
 */
export function strips(range: Range, runs: readonly Run[], widthOf: (line: number) => number, tab: number): Strip[] {
  const lines = draftLines(runs);
  const { start, end } = range;
  const room = end.line - start.line + 1;
  return Array.from({ length: room }, (_, row) => {
    const own = row + 1 < room ? (lines[row] ?? []) : joined(lines.slice(row));
    return {
      line: start.line + row,
      start: row === 0 ? start.character : 0,
      end: row + 1 < room ? widthOf(start.line + row) : end.character,
      pieces: clipped(own.map((run) => ({ ...run, text: run.text.replaceAll("\t", " ".repeat(tab)) }))),
    };
  });
}

function draftLines(runs: readonly Run[]): Run[][] {
  const lines: Run[][] = [[]];
  for (const { text, confidence } of runs) {
    const parts = confidence === null ? [text.replace(/\s*[\r\n]\s*/g, LINE_END)] : text.split(/\r\n|\r|\n/);
    parts.forEach((part, index) => {
      if (index > 0) lines.push([]);
      if (part !== "") lines.at(-1)?.push({ text: part, confidence });
    });
  }
  return lines;
}

function joined(lines: readonly Run[][]): Run[] {
  return lines.flatMap((line, index) => {
    if (index === 0) return line;
    const [first, ...rest] = line;
    const begun = first && { ...first, text: first.text.trimStart() };
    return [{ text: `${LINE_END} `, confidence: null }, ...(begun ? [begun] : []), ...rest];
  });
}

function clipped(pieces: readonly Run[]): Run[] {
  const shown: Run[] = [];
  let room = WIDEST;
  for (const piece of pieces) {
    const units = Array.from(piece.text);
    if (units.length > room) return [...shown, { ...piece, text: `${units.slice(0, room).join("")}…` }];
    shown.push(piece);
    room -= units.length;
  }
  return shown;
}

/** The text of a strip as an editor shows it: spaces that do not collapse. */
export function shownText(pieces: readonly Run[]): string {
  return pieces.map((piece) => piece.text.replaceAll(" ", "\u00a0")).join("");
}

/**
 * CSS that colours the pieces of a strip one by one.
 *
 * An attachment has one colour, and the order of several at one place is not defined; a background with a hard stop
 * behind each piece, cut out along the letters, colours one attachment piece by piece.
 */
export function colouring(pieces: readonly Run[]): string {
  const total = pieces.reduce((sum, piece) => sum + width(piece.text), 0);
  let position = 0;
  const stops = pieces.map((piece) => {
    const from = percent(position / total);
    position += width(piece.text);
    return `${colour(piece.confidence)} ${from} ${percent(position / total)}`;
  });
  return (
    `none; background-image: linear-gradient(90deg, ${stops.join(", ")}); ` +
    "-webkit-background-clip: text; background-clip: text; -webkit-text-fill-color: transparent"
  );
}

/** The colour of a confidence: from unsure to sure; noise has one of its own. */
export function colour(confidence: number | null): string {
  if (confidence === null) return "var(--vscode-dgls-noise)";
  const sure = Math.min(1, Math.max(0, (confidence - FAINTEST) / (1 - FAINTEST)));
  return `color-mix(in srgb, var(--vscode-dgls-sure) ${percent(sure)}, var(--vscode-dgls-unsure))`;
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10}%`;
}

function width(text: string): number {
  return Array.from(text).reduce((sum, unit) => sum + ((unit.codePointAt(0) ?? 0) >= 0x2e80 ? 2 : 1), 0);
}
