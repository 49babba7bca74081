// What stands behind dgls here, for someone who looks for a fault: the extension's part, then what the server's doctor says.

import * as vscode from "vscode";
import { run, reasonOf } from "./server/programs.ts";
import type { Supervisor } from "./server/supervisor.ts";

const SCHEME = "dgls-doctor";
const PATIENCE_MS = 300_000; // it imports all that the model needs, on a machine that may be at work

/** Shows the report as a document that cannot be changed. */
export class Doctor implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly supervisor: Supervisor;
  private readonly version: string;
  private report = "";

  constructor(supervisor: Supervisor, version: string) {
    this.supervisor = supervisor;
    this.version = version;
  }

  provideTextDocumentContent(): string {
    return this.report;
  }

  async show(): Promise<void> {
    const uri = vscode.Uri.parse(`${SCHEME}:dgls doctor.txt`);
    this.report = await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title: "dgls: examining" }, () => this.examine());
    this.changed.fire(uri);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
  }

  private async examine(): Promise<string> {
    const { server, client } = this.supervisor;
    const lines = [
      `extension  ${this.version}, in VS Code ${vscode.version}`,
      `workspace  ${vscode.workspace.isTrusted ? "trusted" : "not trusted: its Python environment and settings are left aside"}`,
      `server     ${server ? `${server.version}, from ${server.origin}: ${server.command.join(" ")}` : "none was found"}`,
      `running    ${client ? "yes" : "no"}`,
      "",
    ];
    if (server) {
      try {
        lines.push((await run([...server.command, "doctor"], { patience: PATIENCE_MS })).output);
      } catch (error) {
        lines.push(`the server's own doctor could not be run: ${reasonOf(error)}`);
      }
    }
    return lines.join("\n");
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
  }
}
