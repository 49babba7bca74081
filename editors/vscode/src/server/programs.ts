// Running programs of this machine and hearing what they say. Knows nothing of VS Code.

import { spawn } from "node:child_process";
import path from "node:path";

const PATIENCE_MS = 60_000;

/** Where programs are started: never in a workspace, from where Python, and Windows, would take modules and programs. */
export const NEUTRAL_FOLDER = path.dirname(process.execPath);

/** What a program said, and how it ended. */
export interface Outcome {
  readonly status: number | null;
  readonly output: string;
}

export interface RunOptions {
  /** Told each line as it comes. */
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal;
  readonly patience?: number;
}

/** Run a program to its end, without a shell; rejects where it cannot be started, or has to be ended. */
export function run(command: readonly string[], { onLine, signal, patience = PATIENCE_MS }: RunOptions = {}): Promise<Outcome> {
  const [program = "", ...rest] = command;
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.timeout(patience);
    const child = spawn(program, rest, {
      cwd: NEUTRAL_FOLDER,
      stdio: ["ignore", "pipe", "pipe"],
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      windowsHide: true,
    });
    let output = "";
    let begun = "";
    const hear = (chunk: string): void => {
      output += chunk;
      const lines = (begun + chunk).split(/\r?\n/);
      begun = lines.pop() ?? "";
      lines.filter(Boolean).forEach((line) => onLine?.(line));
    };
    child.stdout.setEncoding("utf8").on("data", hear);
    child.stderr.setEncoding("utf8").on("data", hear);
    child.on("error", reject);
    child.on("close", (status) => {
      if (begun) onLine?.(begun);
      resolve({ status, output });
    });
  });
}

/** The version that `command --version` prints; rejects, with the reason, where it prints none. */
export async function versionOf(command: readonly string[], signal?: AbortSignal): Promise<string> {
  const { status, output } = await run([...command, "--version"], signal ? { signal } : {});
  const version = /^dgls, version (\S+)$/m.exec(output)?.[1];
  if (version === undefined) throw new Error(lastLine(output) || `it ended with status ${status ?? "none"} and no version`);
  return version;
}

export function lastLine(output: string): string {
  return output.trim().split(/\r?\n/).at(-1)?.trim() ?? "";
}

/** Why a program could not be run, in few words. */
export function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return "there is no such program";
  if (code === "EACCES") return "it may not be run";
  if (error instanceof Error && error.name === "AbortError") return "it did not answer";
  return error instanceof Error ? error.message : String(error);
}
