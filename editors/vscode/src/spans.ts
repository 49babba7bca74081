// Spans of a text, in UTF-16 units, and how they move with its changes. Knows nothing of VS Code.

/** A span; its end is excluded. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A change of a text: `length` units from `offset` on became `text`. */
export interface Change {
  readonly offset: number;
  readonly length: number;
  readonly text: string;
}

/**
 * Where `spans` stand after `changes`, all of which count in the text before them.
 *
 * A change inside a span becomes part of it, one at its edge does not, and one across its edge is the end of it.
 */
export function moved(spans: readonly Span[], changes: readonly Change[]): Span[] {
  return spans.flatMap((span) => {
    let shift = 0;
    let growth = 0;
    for (const { offset, length, text } of changes) {
      const grown = text.length - length;
      if (offset + length <= span.start) shift += grown;
      else if (offset >= span.end) continue;
      else if (span.start <= offset && offset + length <= span.end) growth += grown;
      else return [];
    }
    const start = span.start + shift;
    const end = span.end + shift + growth;
    return end > start ? [{ start, end }] : [];
  });
}

/** `spans` with `chosen` marked; or, if it lies within what is marked, with that mark taken away. */
export function toggled(spans: readonly Span[], chosen: Span): Span[] {
  const around = spans.filter((span) => span.start <= chosen.start && chosen.end <= span.end);
  if (around.length > 0) return spans.filter((span) => !around.includes(span));
  const apart = spans.filter((span) => span.end < chosen.start || chosen.end < span.start);
  const touching = spans.filter((span) => !apart.includes(span));
  const start = Math.min(chosen.start, ...touching.map((span) => span.start));
  const end = Math.max(chosen.end, ...touching.map((span) => span.end));
  return [...apart, { start, end }].sort((one, other) => one.start - other.start);
}

/** The parts of `spans` that lie in `range`. */
export function within(spans: readonly Span[], range: Span): Span[] {
  return spans
    .map((span) => ({ start: Math.max(span.start, range.start), end: Math.min(span.end, range.end) }))
    .filter((span) => span.start < span.end);
}

/** Where the new texts of `changes` stand once all of them, sorted by offset, are made. */
export function written(changes: readonly Change[]): Span[] {
  let shift = 0;
  return changes.map(({ offset, length, text }) => {
    const start = offset + shift;
    shift += text.length - length;
    return { start, end: start + text.length };
  });
}
