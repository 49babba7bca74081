import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { createEnvironment, interpreterIn, requirementFrom, serverIn, whyPipFailed } from "../src/server/environment.ts";
import { run } from "../src/server/programs.ts";

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
  signal: new AbortController().signal,
});

test("the wheel of this version that came along is installed, or the package by its name", async (context) => {
  const [own, beside] = [await folder(context), await folder(context)];
  assert.equal(await requirementFrom([own, beside, "/nowhere"], "0.1.0"), "dgls==0.1.0");
  await writeFile(path.join(beside, "dgls-0.1.0-py3-none-any.whl"), "");
  await writeFile(path.join(beside, "dgls-0.2.0-py3-none-any.whl"), "");
  assert.equal(await requirementFrom([own, beside], "0.1.0"), path.join(beside, "dgls-0.1.0-py3-none-any.whl"));
});

test("an environment that was not made to its end is none", async (context) => {
  const where = path.join(await folder(context), "environment");
  await assert.rejects(createEnvironment(plan(where, "dgls==0.1.0")), /dgls 0\.1\.0 could not be found by pip/);
  assert.equal((await run([interpreterIn(where), "-c", "print(1)"])).output.trim(), "1");
  assert.equal(await serverIn(where), undefined);
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
