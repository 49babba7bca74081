// Asking the user, then making the server's own environment behind a progress bar.

import { access } from "node:fs/promises";
import path from "node:path";
import * as vscode from "vscode";
import { createEnvironment, requirementFrom } from "./environment.ts";
import { reasonOf } from "./programs.ts";
import { findPython } from "./python.ts";

export interface Place {
  /** Where the extension stands; a wheel may have come with it. */
  readonly extension: string;
  /** Where the environment is to stand. */
  readonly home: string;
  readonly version: string;
  readonly log: vscode.LogOutputChannel;
}

/** Make the environment, if the user agrees; answers whether there is one now. */
export async function install({ extension, home, version, log }: Place): Promise<boolean> {
  const settings = vscode.workspace.getConfiguration("dgls.server");
  try {
    const python = await findPython(settings.get<string>("python", ""), process.platform);
    const requirement = await requirementFrom([path.join(extension, "server"), path.dirname(extension)], version);
    const agreed = await vscode.window.showInformationMessage(
      "Install the dgls server?",
      {
        modal: true,
        detail:
          `${path.basename(requirement)} goes into an environment of its own, made with ${python.join(" ")}, in ${home}. ` +
          "pip fetches the libraries it needs from the package index that your pip is set to: some hundred megabytes, on Linux with NVIDIA's libraries some gigabytes.",
      },
      "Install",
    );
    if (agreed !== "Install") return false;
    const constraints = path.join(extension, "server", "constraints.txt");
    const tested = await access(constraints).then(() => ["--constraint", constraints], () => []);
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: "Installing the dgls server", cancellable: true },
      async (progress, token) => {
        const abort = new AbortController();
        token.onCancellationRequested(() => { abort.abort(); });
        await createEnvironment({
          folder: home,
          python,
          requirement,
          pipArguments: [...tested, ...settings.get<string[]>("pipArguments", [])],
          report: (line) => {
            log.info(line);
            progress.report({ message: line.trim().slice(0, 80) });
          },
          signal: abort.signal,
        });
      },
    );
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError") return false;
    const sentence = reasonOf(error);
    log.error(sentence);
    const choice = await vscode.window.showErrorMessage(sentence, "Try Again", "Show Log", "Open Setting");
    if (choice === "Try Again") return install({ extension, home, version, log });
    if (choice === "Show Log") log.show();
    if (choice === "Open Setting") await vscode.commands.executeCommand("workbench.action.openSettings", "dgls.server");
    return false;
  }
}
