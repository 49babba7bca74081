// What the user has set, and nothing else: a default that is sent would outweigh the user's own file.
// Knows nothing of VS Code beyond the shape of what it inspects.

/** Settings that are the extension's own business; the server knows none of them. */
const OWN = new Set(["dgls.server.command", "dgls.server.python", "dgls.server.pipArguments", "dgls.trace.server"]);

/** A setting as package.json declares it. */
export interface Declared {
  readonly scope?: string;
}

/** What `WorkspaceConfiguration.inspect` answers; an untrusted workspace's restricted values are not among it. */
export interface Inspected {
  readonly globalValue?: unknown;
  readonly workspaceValue?: unknown;
  readonly workspaceFolderValue?: unknown;
  readonly globalLanguageValue?: unknown;
  readonly workspaceLanguageValue?: unknown;
  readonly workspaceFolderLanguageValue?: unknown;
}

export type Inspect = (key: string) => Inspected | undefined;

/** The server's settings as the editor passes them on: `{section: {field: value}}`, of what is set alone. */
export function editorLayer(declared: Readonly<Record<string, Declared>>, inspect: Inspect): Record<string, Record<string, unknown>> {
  const layer: Record<string, Record<string, unknown>> = {};
  for (const [section, field, value] of chosen(declared, inspect, (scope) => scope !== "machine")) {
    layer[section] = { ...layer[section], [field]: value };
  }
  return layer;
}

/** Options of the command line, for what only the machine's user may set: the server takes it from no editor. */
export function commandLine(declared: Readonly<Record<string, Declared>>, inspect: Inspect): string[] {
  return [...chosen(declared, inspect, (scope) => scope === "machine")].map(
    ([section, field, value]) => `--set=${section}.${field}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
}

function* chosen(
  declared: Readonly<Record<string, Declared>>,
  inspect: Inspect,
  wanted: (scope: string | undefined) => boolean,
): Generator<[string, string, unknown]> {
  for (const [key, { scope }] of Object.entries(declared)) {
    const [prefix, section, field] = key.split(".");
    if (prefix !== "dgls" || section === undefined || field === undefined || OWN.has(key) || !wanted(scope)) continue;
    const value = strongest(inspect(key));
    if (value !== undefined) yield [section, field, value];
  }
}

function strongest(set: Inspected | undefined): unknown {
  return (
    set?.workspaceFolderLanguageValue ??
    set?.workspaceLanguageValue ??
    set?.globalLanguageValue ??
    set?.workspaceFolderValue ??
    set?.workspaceValue ??
    set?.globalValue
  );
}
