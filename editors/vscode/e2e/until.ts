// Waiting for what comes true in its own time.

/** How long a condition may take to come true on a machine that has other work. */
export const PATIENCE_MS = 180_000;

/** Waits until `probe` answers something; the words say what was waited for in vain. */
export async function until<T>(what: string, probe: () => T | Promise<T>, patience = PATIENCE_MS): Promise<Exclude<T, undefined | null | false>> {
  const end = Date.now() + patience;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== null && found !== false) return found as Exclude<T, undefined | null | false>;
    if (Date.now() > end) throw new Error(`in ${patience} ms, this did not come: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
