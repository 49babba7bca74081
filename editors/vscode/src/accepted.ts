// Which ghost text was accepted in part. VS Code tells no stable extension, but what it inserts then is a piece of the
// text that was offered, longer than a keystroke. Knows nothing of VS Code.

import type { Change } from "./spans.ts";

/** An item as it was offered: its text goes to `offset`. */
export interface Offered {
  readonly id: unknown;
  readonly offset: number;
  readonly text: string;
}

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
   * What a change of the document accepts of an item: its id, and how many units of it stand in the text now.
   * Undefined for a keystroke along the item, for a whole acceptance, which the item's command tells of, and for
   * what is something else; that ends the offer.
   */
  changed(uri: string, changes: readonly Change[]): { id: unknown; length: number } | undefined {
    if (uri !== this.uri || this.items.length === 0) return undefined;
    const [change, ...others] = changes;
    const item = this.items.find(
      ({ offset, text }) => change?.offset === offset + this.taken && text.startsWith(change.text, this.taken),
    );
    if (!change || !item || others.length > 0 || change.length > 0 || change.text === "") {
      this.items = [];
      return undefined;
    }
    this.taken += change.text.length;
    this.items = this.items.filter(({ text }) => text.startsWith(item.text.slice(0, this.taken)));
    if (this.taken === item.text.length) {
      this.items = [];
      return undefined;
    }
    return change.text.length > 1 ? { id: item.id, length: this.taken } : undefined;
  }
}
