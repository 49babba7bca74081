import assert from "node:assert/strict";
import { test } from "node:test";
import { findServer, NotFound, onSearchPath, type Surroundings } from "../src/server/find.ts";
import { compareVersions, findPython } from "../src/server/python.ts";

/** A machine on which these commands say that they are dgls of these versions. */
function machine(versions: Record<string, string>, more: Partial<Surroundings> = {}): Surroundings {
  return {
    configured: [],
    workspacePython: undefined,
    own: () => Promise.resolve(undefined),
    onPath: () => Promise.resolve(undefined),
    versionOf: (command) => {
      const version = versions[command.join(" ")];
      return version === undefined ? Promise.reject(Object.assign(new Error("spawn"), { code: "ENOENT" })) : Promise.resolve(version);
    },
    ...more,
  };
}
const answer = (text: string | undefined) => () => Promise.resolve(text);
const EVERYWHERE = {
  workspacePython: answer("/ws/python"),
  own: () => Promise.resolve(["/own/python", "-P", "-m", "dgls"]),
  onPath: answer("/usr/bin/dgls"),
};
const VERSIONS = { "/opt/dgls": "0.1.3", "/ws/python -P -m dgls": "0.1.0", "/own/python -P -m dgls": "0.1.1", "/usr/bin/dgls": "0.1.2" };

test("the setting comes first, then the workspace, the extension's environment, the search path", async () => {
  const found = async (more: Partial<Surroundings>) => (await findServer(machine(VERSIONS, more), "0.1.0")).origin;
  assert.equal(await found({ ...EVERYWHERE, configured: ["/opt/dgls"] }), "the setting");
  assert.equal(await found(EVERYWHERE), "the workspace's Python");
  assert.equal(await found({ ...EVERYWHERE, workspacePython: answer(undefined) }), "the extension's environment");
  assert.equal(await found({ onPath: EVERYWHERE.onPath }), "the search path");
});

test("a workspace that is not trusted is not even asked", async () => {
  const { origin } = await findServer(machine(VERSIONS, { ...EVERYWHERE, workspacePython: undefined }), "0.1.0");
  assert.equal(origin, "the extension's environment");
});

test("a workspace's Python without dgls is passed over", async () => {
  const found = await findServer(machine({ "/usr/bin/dgls": "0.1.2" }, EVERYWHERE), "0.1.0");
  assert.deepEqual(found, { command: ["/usr/bin/dgls"], version: "0.1.2", origin: "the search path" });
});

test("a wrong setting is named, and nothing else is tried in its place", async () => {
  const search = findServer(machine(VERSIONS, { ...EVERYWHERE, configured: ["/nowhere"] }), "0.1.0");
  await assert.rejects(search, (error: NotFound) => error.message.includes("/nowhere, which does not start (there is no such program)") && !error.installable);
});

test("a server of another version is named where there is no other", async () => {
  const search = findServer(machine({ "/usr/bin/dgls": "0.2.0" }, { onPath: EVERYWHERE.onPath }), "0.1.0");
  await assert.rejects(search, (error: NotFound) => /\/usr\/bin\/dgls is dgls 0\.2\.0, .* needs 0\.1\.x/.test(error.message) && error.installable);
});

test("where the setting names a server of another version, none is offered: the setting would still choose that one", async () => {
  const search = findServer(machine({ "/opt/dgls": "0.2.0" }, { ...EVERYWHERE, configured: ["/opt/dgls"] }), "0.1.0");
  await assert.rejects(search, (error: NotFound) => /dgls 0\.2\.0, .* empty the setting/.test(error.message) && !error.installable);
});

test("where there is none, the user is offered one", async () => {
  await assert.rejects(findServer(machine({}), "0.1.0"), (error: NotFound) => error.message.includes("no server on this machine yet") && error.installable);
});

test("on the search path, folders that depend on where one stands do not count", async () => {
  const exists = (file: string) => Promise.resolve(["./dgls", "dgls", "/b/dgls"].includes(file));
  assert.equal(await onSearchPath("dgls", ".::bin:/a:/b", "linux", exists), "/b/dgls");
  assert.equal(await onSearchPath("dgls", ".;C:\\a", "win32", (file) => Promise.resolve(file === "C:\\a\\dgls.exe")), "C:\\a\\dgls.exe");
});

test("the first Python that is new enough is taken, and an old one is named where there is no other", async () => {
  const has = (versions: Record<string, string>) => (python: readonly string[]) => Promise.resolve(versions[python.join(" ")]);
  assert.deepEqual(await findPython("", "linux", has({ "python3.12": "3.12.1", python3: "3.9.2" })), ["python3.12"]);
  assert.deepEqual(await findPython("", "win32", has({ "py -3": "3.13.0" })), ["py", "-3"]);
  assert.deepEqual(await findPython("/opt/python", "linux", has({ "/opt/python": "3.11.0", "python3.12": "3.12.1" })), ["/opt/python"]);
  await assert.rejects(findPython("", "linux", has({ python3: "3.9.2" })), /python3 is 3\.9\.2/);
  await assert.rejects(findPython("", "linux", has({})), /found none/);
  await assert.rejects(findPython("/opt/python", "linux", has({ python3: "3.12.1" })), /names \/opt\/python, which does not run/);
});

test("versions are compared by number", () => {
  assert.ok(compareVersions("3.11", "3.9.2") > 0);
  assert.ok(compareVersions("3.10.12", "3.11") < 0);
  assert.equal(compareVersions("3.11", "3.11.0"), 0);
});
