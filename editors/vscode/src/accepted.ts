// What became of ghost text beside a whole acceptance, which the item's own command tells of. VS Code tells no stable
// extension of the rest, but what it inserts for a word or a line is a piece of the text that was offered, longer than a
// keystroke. Knows nothing of VS Code.

import type { Change } from "./spans.ts";

/** An item as it was offered: what of its text is not in the document yet goes to `offset`. */
export interface Offered {
  readonly id: number;
  readonly offset: number;
  readonly text: string;
}

/** What a change says of what was offered. */
export type Told = { readonly accepted: { readonly id: number; readonly length: number } } | { readonly rejected: readonly number[] };

/** The items that were last offered in a document, and how much of them has been taken over. */
export class Offers {
  private uri = "";
  private items: readonly Offered[] = [];
  private taken = 0;

  /** `items` are what a request for the document `uri` was answered. */
  offered(uri: string, items: readonly Offered[]): void {
    this.uri = uri;
    this.items = items;
    this.taken = 0;
  }

  /**
   * What a change of the document says: how many units of an item stand in the text now, or that something else was
   * typed. Undefined for a keystroke along an item, and for a whole acceptance.
   */
  changed(uri: string, changes: readonly Change[]): Told | undefined {
    if (uri !== this.uri || this.items.length === 0) return undefined;
    const [change, ...others] = changes;
    const rest = (item: Offered): string => item.text.slice(this.taken);
    const along = this.items.filter(
      (item) => change?.text && change.offset === item.offset + this.taken && rest(item).startsWith(change.text) && others.length === 0,
    );
    const [item] = along;
    if (!change || !item || (change.length > 0 && rest(item) !== change.text)) {
      const rejected = this.items.map(({ id }) => id);
      this.items = [];
      return { rejected };
    }
    const whole = along.some((one) => rest(one) === change.text);
    this.items = whole ? [] : along;
    this.taken += change.text.length;
    return whole || change.text.length === 1 ? undefined : { accepted: { id: item.id, length: this.taken } };
  }
}
