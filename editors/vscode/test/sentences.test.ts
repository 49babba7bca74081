import assert from "node:assert/strict";
import { test } from "node:test";
import * as sentences from "../src/sentences.ts";

const TOLD: Record<string, [string, RegExp]> = {
  "no Python": [sentences.noPython(), /install it, or name one in the setting dgls\.server\.python/],
  "a Python too old": [sentences.oldPython("python3", "3.9.2"), /python3 is 3\.9\.2: install a newer one/],
  "a Python that does not run": [sentences.wrongPython("/opt/python"), /names \/opt\/python, .*correct it/],
  "no server": [sentences.noServer(), /let it be installed .* or name one in the setting dgls\.server\.command/],
  "a command that does not start": [sentences.wrongCommand("/opt/dgls", "there is no such program"), /\/opt\/dgls.*correct it/],
  "a wrong version": [sentences.wrongVersion("/opt/dgls", "0.3.1", "0.1.0"), /is dgls 0\.3\.1, and this extension needs 0\.1\.x: update it/],
  "a wrong version where the setting names it": [sentences.wrongVersionSet("/opt/dgls", "0.3.1", "0.1.0"), /\/opt\/dgls, which is dgls 0\.3\.1.*empty the setting/],
  "no wheel": [sentences.noWheel("0.1.0"), /put its wheel .* beside the \.vsix/],
  "no network": [sentences.noNetwork(), /check the network/],
  "no room": [sentences.noRoom("/home/me"), /\/home\/me: free a few gigabytes/],
  "no venv": [sentences.noVenv("python3"), /install its pip and venv packages/],
  "a failed installation": [sentences.installFailed("it said no"), /to try again/],
  "an installation that was stopped": [sentences.installStopped(), /run .dgls: Install the Server. when you want it/],
  "a server that crashes": [sentences.crashed(6), /6 times in a row .* run .dgls: Restart the Server/],
  "a server that does not start": [sentences.notStarted("status 1"), /run .dgls: Doctor/],
  "a server that is not running": [sentences.notRunning(), /run .dgls: Restart the Server/],
  "an empty selection": [sentences.nothingSelected(), /select the code/],
  "no editor": [sentences.noEditor(), /open a file/],
  "a read-only file": [sentences.notApplied("shop.py", "it is read-only"), /shop\.py was not changed .*make it writable/],
  "an untrusted workspace": [sentences.untrusted(), /trust it by/],
};

for (const [what, [sentence, next]] of Object.entries(TOLD)) {
  test(`${what}: one sentence that says the next step`, () => {
    assert.match(sentence, next);
    assert.match(sentence, /^\S.*[^.]\.$/);
    assert.doesNotMatch(sentence, /\. [A-Z]/);
    assert.ok(sentence.length < 220, `${sentence.length} characters are too many to be read`);
  });
}

test("no trouble is left without a sentence here", () => {
  const written = Object.values(sentences).filter((one) => typeof one === "function" && one !== sentences.series);
  assert.equal(Object.keys(TOLD).length, written.length);
});
