import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

interface Setting { readonly scope?: string }
interface Manifest {
  readonly contributes: {
    readonly commands: readonly { readonly command: string }[];
    readonly keybindings: readonly { readonly command: string }[];
    readonly menus: Readonly<Record<string, readonly { readonly command?: string }[]>>;
    readonly configuration: readonly { readonly properties: Readonly<Record<string, Setting>> }[];
  };
  readonly capabilities: { readonly untrustedWorkspaces: { readonly restrictedConfigurations: readonly string[] } };
}

const root = path.resolve(import.meta.dirname, "..");
const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as Manifest;
const { commands, keybindings, menus, configuration } = manifest.contributes;
const settings = Object.assign({}, ...configuration.map(({ properties }) => properties)) as Record<string, Setting>;
const source = readdirSync(path.join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => readFileSync(path.join(root, "src", name), "utf8"))
  .join("\n");

test("every command that is declared is registered, and every key and menu has one", () => {
  const declared = new Set(commands.map(({ command }) => command));
  for (const command of declared) assert.ok(source.includes(`"${command}"`), command);
  for (const { command } of [...keybindings, ...Object.values(menus).flat()]) assert.ok(command === undefined || declared.has(command), command);
});

test("what chooses the server, loads code or downloads is the machine's, and all else is nothing in an untrusted workspace", () => {
  const ofMachine = Object.keys(settings).filter((key) => settings[key]?.scope === "machine");
  for (const key of ["dgls.server.command", "dgls.server.python", "dgls.server.pipArguments", "dgls.model.checkpoint", "dgls.model.allow_download"]) {
    assert.ok(ofMachine.includes(key), key);
  }
  const restricted = new Set(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations);
  assert.deepEqual(Object.keys(settings).filter((key) => !ofMachine.includes(key) && !restricted.has(key)), []);
});

test("nothing is measured and sent anywhere", () => {
  assert.doesNotMatch(source, /telemetry|https?:|fetch\(|node:http|createTelemetryLogger/i);
});

test("every picture and every link on a page of the extension leads to something that is packed with it", () => {
  const packed = ["media", "walkthrough", "CHANGELOG.md"]; // by .vscodeignore
  const pages = ["README.md", ...readdirSync(path.join(root, "walkthrough")).map((name) => path.join("walkthrough", name))];
  const targets = pages.flatMap((page) =>
    Array.from(readFileSync(path.join(root, page), "utf8").matchAll(/\]\(([^)#]+)/g), ([, target = ""]) => path.join(path.dirname(page), target)));
  assert.ok(targets.length > 0);
  for (const target of targets) assert.ok(packed.includes(target.split(path.sep)[0] ?? "") && existsSync(path.join(root, target)), target);
});
