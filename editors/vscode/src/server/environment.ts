// The server's own virtual environment: made on the user's consent, from the wheel that came with the extension, or,
// where none did, by the name of the package. Knows nothing of VS Code, and names no host: pip's settings do.

import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { installFailed, noNetwork, noRoom, noVenv, noWheel } from "../sentences.ts";
import { lastLine, run, type Outcome } from "./programs.ts";

const HOUR_MS = 3_600_000;
const COMPLETE = "complete";
const UNFINISHED = ".unfinished";

/** What makes an interpreter the server; with -P, nothing is imported from the folder that it is started in. */
export const MODULE = ["-P", "-m", "dgls"];

export interface Plan {
  /** Where the environment is to stand. */
  readonly folder: string;
  /** The Python that makes it, as a command. */
  readonly python: readonly string[];
  /** What pip is told to install: a wheel, or a name with a version. */
  readonly requirement: string;
  /** More for pip's command line: the user's own wishes, tested versions. */
  readonly pipArguments: readonly string[];
  readonly report: (line: string) => void;
  /** Called when all is there: what runs from an earlier environment has to end before the new one takes its place. */
  readonly made: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** The interpreter of the environment in `folder`. */
export function interpreterIn(folder: string, platform: string = process.platform): string {
  return platform === "win32" ? path.win32.join(folder, "Scripts", "python.exe") : path.posix.join(folder, "bin", "python");
}

/** How the server is started from the environment in `folder`, if it was made to its end. */
export async function serverIn(folder: string): Promise<readonly string[] | undefined> {
  try {
    await stat(path.join(folder, COMPLETE));
    return [interpreterIn(folder), ...MODULE];
  } catch {
    return undefined;
  }
}

/** What to install: the newest wheel in `folders`, first folder first, or the package of this version by name. */
export async function requirementFrom(folders: readonly string[], version: string): Promise<string> {
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => []);
    const wheels = names.filter((name) => name.startsWith(`dgls-${version}-`) && name.endsWith(".whl")).sort();
    const newest = wheels.at(-1);
    if (newest !== undefined) return path.join(folder, newest);
  }
  return `dgls==${version}`;
}

/**
 * Make the environment, beside one that is there already, which it replaces when it is whole: a failure costs nobody a
 * server. Rejects with a sentence.
 */
export async function createEnvironment(plan: Plan): Promise<void> {
  const { folder, made } = plan;
  const unfinished = folder + UNFINISHED;
  const clear = (which: string): Promise<void> => rm(which, { recursive: true, force: true, maxRetries: 5 });
  await clear(unfinished); // of a window that was closed meanwhile
  try {
    await fillEnvironment(plan, unfinished);
    await made();
    await clear(folder);
    await rename(unfinished, folder); // it is started as a module: no path of its own is in what is run
  } finally {
    await clear(unfinished);
  }
}

async function fillEnvironment({ folder, python, requirement, pipArguments, report, signal }: Plan, unfinished: string): Promise<void> {
  const interpreter = interpreterIn(unfinished);
  const attempt = (command: readonly string[]): Promise<Outcome> => run(command, { onLine: report, signal, patience: HOUR_MS });
  await mkdir(path.dirname(unfinished), { recursive: true });
  // An environment without pip is made everywhere; stock Debian's venv can make no other.
  const bare = await attempt([...python, "-m", "venv", "--without-pip", unfinished]);
  if (bare.status !== 0) throw new Error(noVenv(python.join(" ")));
  const pip = await pipFor(python, interpreter, attempt);
  const installed = await attempt([
    ...pip, "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off", ...pipArguments, withGrammars(requirement),
  ]);
  if (installed.status !== 0) throw new Error(whyPipFailed(installed.output, requirement, folder));
  await writeFile(path.join(unfinished, COMPLETE), "");
}

/** pip for the environment: the outer Python's, where that can fill another one, or its own. */
async function pipFor(
  python: readonly string[],
  interpreter: string,
  attempt: (command: readonly string[]) => Promise<Outcome>,
): Promise<readonly string[]> {
  const outer = [...python, "-m", "pip", "--python", interpreter];
  if ((await attempt([...outer, "--version"])).status === 0) return outer;
  if ((await attempt([interpreter, "-m", "ensurepip"])).status === 0) return [interpreter, "-m", "pip"];
  throw new Error(noVenv(python.join(" ")));
}

/** The requirement with the grammars of all languages. */
function withGrammars(requirement: string): string {
  const [name = requirement, version] = requirement.split("==");
  return version === undefined ? `${requirement}[all]` : `${name}[all]==${version}`;
}

/** What stopped pip, as a sentence. */
export function whyPipFailed(output: string, requirement: string, folder: string): string {
  if (output.includes("No space left on device")) return noRoom(folder);
  if (/Temporary failure in name resolution|getaddrinfo failed|NewConnectionError|ConnectTimeoutError|ProxyError|nodename nor servname/.test(output)) {
    return noNetwork();
  }
  const named = requirement.split("==")[1];
  if (named !== undefined && output.includes("No matching distribution found for dgls")) return noWheel(named);
  const error = output.split(/\r?\n/).findLast((line) => line.startsWith("ERROR:"));
  return installFailed((error ?? lastLine(output)).replace(/^ERROR:\s*/, "").replace(/[.\s]+$/, ""));
}
