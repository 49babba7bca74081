// Which server to start. Knows nothing of VS Code.

import path from "node:path";
import { noServer, series, wrongCommand, wrongVersion, wrongVersionSet } from "../sentences.ts";
import { MODULE } from "./environment.ts";
import { reasonOf } from "./programs.ts";

/** What there is to choose from; each answers undefined where it has none. */
export interface Surroundings {
  /** The user's own word: a program with its arguments, or nothing. */
  readonly configured: readonly string[];
  /** The interpreter of the workspace's Python environment; asked only where the workspace is trusted. */
  readonly workspacePython: (() => Promise<string | undefined>) | undefined;
  /** The environment that the extension made. */
  readonly own: () => Promise<readonly string[] | undefined>;
  /** A `dgls` on the user's search path. */
  readonly onPath: () => Promise<string | undefined>;
  readonly versionOf: (command: readonly string[]) => Promise<string>;
}

export interface Found {
  readonly command: readonly string[];
  readonly version: string;
  readonly origin: "the setting" | "the workspace's Python" | "the extension's environment" | "the search path";
}

/** No server can be started; the message is a sentence for the user. */
export class NotFound extends Error {
  /** Whether installing one would help. */
  readonly installable: boolean;

  constructor(message: string, installable: boolean) {
    super(message);
    this.installable = installable;
  }
}

/** The server to start; rejects with {@link NotFound}. */
export async function findServer(surroundings: Surroundings, wanted: string): Promise<Found> {
  const { configured, versionOf } = surroundings;
  if (configured.length > 0) {
    const version = await versionOf(configured).catch((error: unknown) => {
      throw new NotFound(wrongCommand(configured.join(" "), reasonOf(error)), false);
    });
    if (!fits(version, wanted)) throw new NotFound(wrongVersionSet(configured.join(" "), version, wanted), false);
    return { command: configured, version, origin: "the setting" };
  }
  let misfit: string | undefined;
  for (const [origin, command] of await candidates(surroundings)) {
    const version = await versionOf(command).catch(() => undefined); // a Python without dgls
    if (version === undefined) continue;
    if (fits(version, wanted)) return { command, version, origin };
    misfit ??= wrongVersion(command.join(" "), version, wanted);
  }
  throw new NotFound(misfit ?? noServer(), true);
}

async function candidates({ workspacePython, own, onPath }: Surroundings): Promise<[Found["origin"], readonly string[]][]> {
  const python = await workspacePython?.();
  const [environment, program] = await Promise.all([own(), onPath()]);
  return [
    ...(python ? ([["the workspace's Python", [python, ...MODULE]]] as const) : []),
    ...(environment ? ([["the extension's environment", environment]] as const) : []),
    ...(program ? ([["the search path", [program]]] as const) : []),
  ].map(([origin, command]) => [origin, command]);
}

/** Whether a server of this version speaks what an extension of the version `wanted` does. */
export function fits(version: string, wanted: string): boolean {
  return series(version) === series(wanted);
}

/** Where a program of this name stands on the search path; folders that depend on where one stands do not count. */
export async function onSearchPath(
  name: string,
  searchPath: string,
  platform: string,
  exists: (file: string) => Promise<boolean>,
): Promise<string | undefined> {
  const paths = platform === "win32" ? path.win32 : path.posix;
  for (const folder of searchPath.split(paths.delimiter)) {
    if (!paths.isAbsolute(folder)) continue;
    const file = paths.join(folder, platform === "win32" ? `${name}.exe` : name);
    if (await exists(file)) return file;
  }
  return undefined;
}
