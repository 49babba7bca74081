import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

const LIMITS = Object.freeze({ entries: 1_000, seconds: 3_600, retries: 3 });
const PATTERN = /^(?<key>[\w.-]+)\s*=\s*(?<value>.*)$/u;

/**
 * A store of values that are forgotten after a while, the oldest first.
 */
export class Store {
  #entries = new Map();
  static shared = new Store();

  constructor({ limit = LIMITS.entries, seconds = LIMITS.seconds, clock = Date.now } = {}) {
    this.limit = limit;
    this.seconds = seconds;
    this.clock = clock;
  }

  get size() {
    return this.#entries.size;
  }

  get(key) {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      return undefined;
    }
    if (this.clock() - entry.written > this.seconds * 1000) {
      this.#entries.delete(key); // too old
      return undefined;
    }
    return entry.value;
  }

  set(key, value) {
    while (this.#entries.size >= this.limit) {
      const [oldest] = this.#entries.keys();
      this.#entries.delete(oldest);
    }
    this.#entries.set(key, { value, written: this.clock() });
    return this;
  }

  *[Symbol.iterator]() {
    for (const [key, { value }] of this.#entries) {
      yield [key, value];
    }
  }

  toString() {
    const lines = [...this].map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
    return lines.length > 0 ? lines.join("\n") + "\n" : "";
  }
}

export function parse(text, { strict = false } = {}) {
  const found = {};
  let number = 0;
  for (const line of text.split(/\r?\n/)) {
    number += 1;
    if (!line.trim() || line.startsWith("#")) {
      continue;
    }
    const match = PATTERN.exec(line);
    if (match === null) {
      if (strict) {
        throw new SyntaxError(`line ${number}: expected "key = value", got ${JSON.stringify(line)}`);
      }
      continue;
    }
    const { key, value } = match.groups;
    switch (value) {
      case "true":
      case "false":
        found[key] = value === "true";
        break;
      case "":
        found[key] = null;
        break;
      default:
        found[key] = Number.isNaN(Number(value)) ? value : Number(value);
    }
  }
  return found;
}

export async function load(folder, names, { retries = LIMITS.retries, onError } = {}) {
  const wanted = names.filter((name) => !name.startsWith("."));
  const read = async (name) => {
    for (let attempt = 0; attempt <= retries; attempt++) {
      try {
        const text = await readFile(path.join(folder, name), { encoding: "utf8" });
        return [name, parse(text, { strict: attempt === 0 })];
      } catch (error) {
        if (attempt === retries || error.code === "ENOENT") {
          onError?.(name, error);
          return [name, null];
        }
      } finally {
        Store.shared.set(name, attempt);
      }
    }
    return [name, null];
  };
  const pairs = await Promise.all(wanted.map(read));
  return Object.fromEntries(pairs.filter(([, value]) => value !== null));
}

const compare = (left, right) => {
  if (left === right) return 0;
  return left < right ? -1 : 1;
};

export const save = async (target, values, options = {}) => {
  const lines = Object.entries(values)
    .sort(([left], [right]) => compare(left, right))
    .map(([key, value]) => {
      const shown = typeof value === "string" ? value : JSON.stringify(value ?? "");
      return `${key} = ${shown}`;
    });
  if (options.header) {
    lines.unshift(`# ${options.header}`, "");
  }
  do {
    await writeFile(target, lines.join("\n"), { flag: options.append ? "a" : "w" });
  } while (options.again && (options.again -= 1) > 0);
};

export default function watch(store, every, report = console.log) {
  let last = store.size;
  const timer = setInterval(function tick() {
    const now = store.size;
    if (now !== last) {
      report({ type: "change", from: last, to: now });
      last = now;
    }
  }, every);
  return () => clearInterval(timer);
}
