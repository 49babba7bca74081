// When a server that has ended is started again: ever later, and no more after a few times. Knows nothing of VS Code.

const FIRST_MS = 500;
const LONGEST_MS = 30_000;
const LIVED_LONG_MS = 60_000;
const MOST = 5;

/** Counts the ends of a server that nobody asked for. */
export class Patience {
  private ends = 0;

  get count(): number {
    return this.ends;
  }

  /** How many ms to wait before the next start, after a life of `lived` ms; undefined: not again. */
  afterEnd(lived: number): number | undefined {
    this.ends = lived >= LIVED_LONG_MS ? 1 : this.ends + 1;
    return this.ends > MOST ? undefined : Math.min(LONGEST_MS, FIRST_MS * 2 ** (this.ends - 1));
  }

  /** The user has asked for another try. */
  reset(): void {
    this.ends = 0;
  }
}
