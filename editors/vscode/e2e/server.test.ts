// Finding, making and starting a server in the real editor, and what stands in the way: no Python, one too old, no
// network, other versions. Each is one sentence with the next step, and what worked before works on.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import type { Editor } from "./editor.ts";
import { folderOf, pictured, python, shown, startEditor, typesOn, UNREACHABLE, works } from "./shop.ts";
import { until } from "./until.ts";
import type { Window } from "./window.ts";

/** A dgls that says it is of another version. */
const NEWER = `import dgls
dgls.__version__ = "0.1.99"
from dgls.cli import main
main()
`;

const INITIALIZE = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params: { processId: null, rootUri: null, capabilities: {} } });

describe("a server of the extension's own", () => {
  const own = folderOf("own");
  const folder = folderOf("shop");
  const home = path.join(own, "user/User/globalStorage/dgls.dgls/server");
  /** All that the editor finds on its search path: nothing. */
  const programs = path.join(own, "bin");
  const onPath = path.join(programs, "dgls");
  const chosen = path.join(own, "python");
  // Its libraries are those that the tests run with: to fetch them again would take minutes. dgls itself is the one installed.
  const libraries = execFileSync(python, ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], { encoding: "utf8" }).trim();
  // Started from a command line, VS Code asks no shell for another search path.
  const variables = { VSCODE_CLI: "1", PYTHONPATH: libraries, PATH: programs, PIP_CONFIG_FILE: os.devNull, PIP_FIND_LINKS: "" };
  const settings = { "dgls.server.pipArguments": ["--no-deps", "--ignore-installed"], "dgls.model.threads": 1, "dgls.infill.command_deadline_ms": 120_000 };
  const withPython = { ...settings, "dgls.server.python": chosen };
  const offline = { ...withPython, "dgls.server.pipArguments": ["--ignore-installed", "--retries", "1", "--index-url", UNREACHABLE] };
  let editor: Editor;
  let window: Window;

  before(async () => {
    mkdirSync(programs);
    editor = await startEditor(own, settings, variables);
    window = await editor.open(folder);
  });
  after(() => editor.stop());
  afterEach((context) => shown(context, window));

  test("where there is no server, one is offered", async () => {
    await window.told(/no server on this machine yet/);
    await pictured(window, "install");
    await typesOn(window, "without.py");
  });

  test("a dgls of another version on the search path is named, and one that fits is offered", async () => {
    writeFileSync(onPath, "#!/bin/sh\necho dgls, version 0.0.9\n", { mode: 0o755 });
    await window.hush();
    await window.run("Restart the Server");
    await window.told(/\/bin\/dgls is dgls 0\.0\.9, and this extension needs 0\.1\.x: update it there with pip, or let the extension install its own/);
    await window.page.locator(".notification-list-item .monaco-button", { hasText: "Install" }).waitFor();
    rmSync(onPath);
  });

  test("where there is no Python at all, that is said, with the next step", async () => {
    assert.equal(await window.menu(), "dgls: no server is running");
    await window.choose("Install the Server");
    await window.told(/needs Python 3\.11 or later and found none: install it, or name one in the setting dgls\.server\.python/);
    await window.untilStatus(/found none: install it/);
  });

  test("a Python that is too old is named, with the next step", async () => {
    writeFileSync(chosen, "#!/bin/sh\necho 3.9.2\n", { mode: 0o755 });
    await editor.set(withPython);
    await window.run("Install the Server");
    await window.told(/needs Python 3\.11 or later, and .* is 3\.9\.2: install a newer one/);
  });

  test("without a network nothing is installed, nor left half done, and that is said", async () => {
    writeFileSync(chosen, `#!/bin/sh\nexec ${realpathSync(python)} "$@"\n`);
    await editor.set(offline);
    await window.run("Install the Server");
    await window.agree("Install");
    await window.told(/pip could not reach its package index.*: check the network or pip's proxy settings, and run .dgls: Install the Server. again/);
    await window.untilStatus(/pip could not reach its package index/);
    assert.deepEqual(readdirSync(path.dirname(home)).filter((name) => name.startsWith("server")), []);
    await typesOn(window, "offline.py");
  });

  test("is made on consent, and serves", async () => {
    await editor.set(withPython);
    await window.run("Install the Server");
    await window.agree("Install");
    await window.untilStatus(/^dgls: ready/);
    assert.equal(existsSync(path.join(home, "complete")), true);
  });

  test("one that serves does so on where it cannot be made anew without a network", async () => {
    const [serving, made] = [editor.servers(), statSync(path.join(home, "complete")).ino];
    await window.hush();
    await editor.set(offline);
    await window.run("Install the Server");
    await window.agree("Install");
    await window.told(/pip could not reach its package index/);
    assert.deepEqual(editor.servers(), serving);
    assert.equal(statSync(path.join(home, "complete")).ino, made);
    assert.equal(existsSync(`${home}.unfinished`), false);
    await works(window, "served.py");
  });

  test("is made anew while it serves, and serves again", async () => {
    const [first] = editor.servers();
    const made = statSync(path.join(home, "complete")).ino;
    await editor.set(withPython);
    await window.run("Install the Server");
    await window.agree("Install");
    await until("another server", () => editor.servers().some((pid) => pid !== first));
    await window.untilStatus(/^dgls: ready/);
    assert.ok(!editor.servers().includes(first ?? 0));
    assert.notEqual(statSync(path.join(home, "complete")).ino, made);
    assert.equal(existsSync(`${home}.unfinished`), false);
    await works(window, "own.py");
  });

  test("a server that cannot be started is named, with the next step", async () => {
    await window.hush();
    await editor.set({ ...withPython, "dgls.server.command": ["/nowhere/dgls"] });
    await window.told(/names \/nowhere\/dgls, which does not start \(there is no such program\): correct it/);
    await window.untilStatus(/names \/nowhere\/dgls/);
    await typesOn(window, "nowhere.py");
  });

  test("a setting that names a dgls of another version is told so", async () => {
    writeFileSync(onPath, "#!/bin/sh\necho dgls, version 0.2.0\n", { mode: 0o755 });
    await editor.set({ ...withPython, "dgls.server.command": [onPath] });
    await window.told(/which is dgls 0\.2\.0, and this extension needs 0\.1\.x: update it there with pip, or empty the setting/);
    await typesOn(window, "other.py");
  });

  test("a server of another version that other windows share is named, and serves them on", async () => {
    await until("the servers of before to end", () => editor.servers().length === 0);
    const environment = { ...process.env, HOME: path.join(own, "home"), XDG_RUNTIME_DIR: path.join(own, "home") };
    const other = spawn(python, ["-m", "dgls", "serve", "--shared"], { stdio: ["pipe", "pipe", "ignore"], env: environment });
    try {
      other.stdin.write(`Content-Length: ${INITIALIZE.length}\r\n\r\n${INITIALIZE}`);
      await once(other.stdout, "data"); // it is let in: from now on the server gives way to nobody
      const shared = editor.servers();
      await editor.set({ ...withPython, "dgls.server.command": [python, "-c", NEWER] });
      await window.told(/the shared server is dgls 0\.1\.0 and this window's is 0\.1\.99; close the other windows to end it/);
      await window.untilStatus(/the shared server is dgls 0\.1\.0/);
      assert.deepEqual(editor.servers(), shared);
      await typesOn(window, "shared.py");
    } finally {
      other.stdin.end();
    }
    await until("the other window to be closed", () => other.exitCode !== null);
    await editor.set(withPython);
    await window.untilStatus(/^dgls: ready/);
  });
});
