// Which Python there is on this machine to build the server's environment with. Knows nothing of VS Code.

import { OLDEST_PYTHON, noPython, oldPython, wrongPython } from "../sentences.ts";
import { run } from "./programs.ts";

const NAMES = ["python3.14", "python3.13", "python3.12", "python3.11", "python3", "python"];
const VERSION = "import sys; print('.'.join(map(str, sys.version_info[:3])))";

/** Answers what a Python says its version is, or undefined where there is none of this name. */
export type Ask = (python: readonly string[]) => Promise<string | undefined>;

/** A Python that is new enough, as a command; rejects with a sentence where there is none. */
export async function findPython(configured: string, platform: string, ask: Ask = askVersion): Promise<readonly string[]> {
  const candidates = configured
    ? [[configured]]
    : [...(platform === "win32" ? [["py", "-3"]] : []), ...NAMES.map((name) => [name])];
  let old: string | undefined;
  for (const python of candidates) {
    const version = await ask(python);
    if (version === undefined) continue;
    if (compareVersions(version, OLDEST_PYTHON) >= 0) return python;
    old ??= oldPython(python.join(" "), version);
  }
  throw new Error(old ?? (configured ? wrongPython(configured) : noPython()));
}

async function askVersion(python: readonly string[]): Promise<string | undefined> {
  try {
    const { status, output } = await run([...python, "-c", VERSION]);
    return status === 0 ? /\d+\.\d+\.\d+/.exec(output)?.[0] : undefined;
  } catch {
    return undefined;
  }
}

/** Below zero where `one` is older than `other`; what an index lacks counts as 0. */
export function compareVersions(one: string, other: string): number {
  const [left, right] = [one, other].map((version) => version.split(".").map((part) => Number.parseInt(part, 10) || 0));
  for (let index = 0; index < Math.max(left?.length ?? 0, right?.length ?? 0); index += 1) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
