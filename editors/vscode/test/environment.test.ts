import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { createEnvironment, requirementFrom, serverIn, whyPipFailed } from "../src/server/environment.ts";
import { run, versionOf } from "../src/server/programs.ts";

/** A program that writes a wheel of a dgls that knows no more than its version. */
const MAKE_WHEEL = `
import sys, zipfile
about = "dgls-0.1.0.dist-info/"
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("dgls/__main__.py", "print('dgls, version 0.1.0')")
    wheel.writestr(about + "METADATA", "Metadata-Version: 2.1\\nName: dgls\\nVersion: 0.1.0\\nProvides-Extra: all\\n")
    wheel.writestr(about + "WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(about + "RECORD", "")
`;

async function folder(context: TestContext): Promise<string> {
  const made = await mkdtemp(path.join(os.tmpdir(), "dgls-test-"));
  context.after(() => rm(made, { recursive: true }));
  return made;
}

const plan = (where: string, requirement: string, python: readonly string[] = ["python3"]) => ({
  folder: where,
  python,
  requirement,
  pipArguments: ["--no-index"],
  report: () => undefined,
  made: async () => Promise.resolve(),
  signal: new AbortController().signal,
});

test("the wheel of this version that came along is installed, or the package by its name", async (context) => {
  const [own, beside] = [await folder(context), await folder(context)];
  assert.equal(await requirementFrom([own, beside, "/nowhere"], "0.1.0"), "dgls==0.1.0");
  await writeFile(path.join(beside, "dgls-0.1.0-py3-none-any.whl"), "");
  await writeFile(path.join(beside, "dgls-0.2.0-py3-none-any.whl"), "");
  assert.equal(await requirementFrom([own, beside], "0.1.0"), path.join(beside, "dgls-0.1.0-py3-none-any.whl"));
});

test("an environment that cannot be made leaves the one that was there", async (context) => {
  const where = path.join(await folder(context), "environment");
  await mkdir(where);
  assert.equal(await serverIn(where), undefined);
  await writeFile(path.join(where, "complete"), "");
  await assert.rejects(createEnvironment(plan(where, "dgls==0.1.0")), /dgls 0\.1\.0 could not be found by pip/);
  assert.notEqual(await serverIn(where), undefined);
  assert.deepEqual(await readdir(path.dirname(where)), ["environment"]);
});

test("what was made takes the place of what was there, once that may go, and is started from there", async (context) => {
  const where = path.join(await folder(context), "environment");
  const wheel = path.join(await folder(context), "dgls-0.1.0-py3-none-any.whl");
  await run(["python3", "-c", MAKE_WHEEL, wheel]);
  await mkdir(where);
  await writeFile(path.join(where, "complete"), "");
  await writeFile(path.join(where, "old"), "");
  let asked: string[] = [];
  await createEnvironment({ ...plan(where, wheel), made: async () => { asked = await readdir(where); } });
  assert.deepEqual(asked.sort(), ["complete", "old"]);
  assert.deepEqual(await readdir(path.dirname(where)), ["environment"]);
  assert.ok(!(await readdir(where)).includes("old"));
  const server = await serverIn(where);
  assert.ok(server);
  assert.equal(await versionOf(server), "0.1.0");
});

test("a Python that cannot make one is named", async (context) => {
  const where = path.join(await folder(context), "environment");
  await assert.rejects(createEnvironment(plan(where, "dgls==0.1.0", ["false"])), /^Error: false can make no virtual environment/);
});

test("what stopped pip is said in a sentence", () => {
  const why = (output: string) => whyPipFailed(output, "/x/dgls-0.1.0.whl", "/home/me");
  assert.match(why("NewConnectionError: Temporary failure in name resolution\nERROR: No matching distribution found for torch"), /could not reach its package index/);
  assert.match(why("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"), /no room left .* in \/home\/me/);
  assert.match(why("noise\nERROR: ResolutionImpossible for numpy."), /could not be installed \(ResolutionImpossible for numpy\)/);
});
