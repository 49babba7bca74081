// The menu behind the status bar.

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import type { StatusBar } from "./status.ts";

interface Entry extends vscode.QuickPickItem {
  readonly act?: () => unknown;
}

/** Show what can be done now: where no server runs, what brings one. */
export async function showMenu(status: StatusBar, client: LanguageClient | undefined): Promise<void> {
  const command = (label: string, name: string, detail = ""): Entry => ({ label, detail, act: () => vscode.commands.executeCommand(name) });
  const language = vscode.window.activeTextEditor?.document.languageId;
  const work: Entry[] = [
    status.state === "paused"
      ? command("$(play) Resume", "dgls.togglePause")
      : command("$(debug-pause) Pause", "dgls.togglePause", "No ghost text in this window; commands still work"),
    ...(language ? [languageEntry(language)] : []),
    separator("Here"),
    command("$(sparkle) Fill the Selection, or at the Cursor", "dgls.fillSelection"),
    command("$(sparkle) Fill All Holes of the File", "dgls.fillHolesInFile"),
    command("$(wrench) Repair the File", "dgls.repairFile"),
    separator("The server"),
  ];
  const remedies: Entry[] = [command("$(cloud-download) Install the Server", "dgls.install", "Into an environment of its own; you are asked first")];
  const entries: Entry[] = [
    ...(client ? work : remedies),
    command("$(output) Show Log", "dgls.showLog"),
    command("$(pulse) Doctor", "dgls.doctor", "What is installed, what is loaded, what is wrong"),
    command("$(debug-restart) Restart the Server", "dgls.restart"),
    command("$(gear) Settings", "dgls.openSettings"),
    command("$(book) First Steps", "dgls.openWalkthrough"),
  ];
  const title = client ? `dgls: ${[status.state, status.message].filter(Boolean).join(": ")}` : "dgls: no server is running";
  const chosen = await vscode.window.showQuickPick(entries, { title });
  await chosen?.act?.();
}

function separator(label: string): Entry {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}

/** Turn dgls off, or on again, for a language, in the user's own settings. */
function languageEntry(language: string): Entry {
  const settings = vscode.workspace.getConfiguration("dgls.server");
  const off = settings.inspect<string[]>("disabled_languages")?.globalValue ?? [];
  const isOff = off.includes(language);
  return {
    label: isOff ? `$(check) Turn On for ${language}` : `$(circle-slash) Turn Off for ${language}`,
    act: () =>
      settings.update(
        "disabled_languages",
        isOff ? off.filter((one) => one !== language) : [...off, language],
        vscode.ConfigurationTarget.Global,
      ),
  };
}
