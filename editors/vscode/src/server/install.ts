// Asking the user, then making the server's own environment behind a progress bar.

import { access } from "node:fs/promises";
import path from "node:path";
import * as vscode from "vscode";
import { installStopped } from "../sentences.ts";
import { createEnvironment, requirementFrom } from "./environment.ts";
import { findPython } from "./python.ts";

export interface Place {
  /** Where the extension stands; a wheel may have come with it. */
  readonly extension: string;
  /** Where the environment is to stand. */
  readonly home: string;
  readonly version: string;
  readonly log: vscode.LogOutputChannel;
  /** Called once the user has agreed. */
  readonly agreed: () => void;
  /** Called before what was made takes the place of an earlier environment: what runs from that has to end. */
  readonly made: () => Promise<void>;
}

/** Make the environment, if the user agrees; answers whether they did. Rejects with a sentence. */
export async function install({ extension, home, version, log, agreed, made }: Place): Promise<boolean> {
  const settings = vscode.workspace.getConfiguration("dgls.server");
  const python = await findPython(settings.get<string>("python", ""), process.platform);
  const requirement = await requirementFrom([path.join(extension, "server"), path.dirname(extension)], version);
  const answer = await vscode.window.showInformationMessage(
    "Install the dgls server?",
    {
      modal: true,
      detail:
        `${path.basename(requirement)} goes into an environment of its own, made with ${python.join(" ")}, in ${home}. ` +
        "pip fetches the libraries it needs from the package index that your pip is set to: some hundred megabytes, on Linux with NVIDIA's libraries some gigabytes.",
    },
    "Install",
  );
  if (answer !== "Install") return false;
  agreed();
  const constraints = path.join(extension, "server", "constraints.txt");
  const tested = await access(constraints).then(() => ["--constraint", constraints], () => []);
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: "Installing the dgls server", cancellable: true },
    async (progress, token) => {
      const abort = new AbortController();
      token.onCancellationRequested(() => { abort.abort(); });
      const making = createEnvironment({
        folder: home,
        python,
        requirement,
        pipArguments: [...tested, ...settings.get<string[]>("pipArguments", [])],
        report: (line) => {
          log.info(line);
          progress.report({ message: line.trim().slice(0, 80) });
        },
        made,
        signal: abort.signal,
      });
      await making.catch((error: unknown) => { throw token.isCancellationRequested ? new Error(installStopped()) : error; });
    },
  );
  return true;
}
