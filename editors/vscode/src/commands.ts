// What the user can have done: each command says which job, on what of the text; the job itself is the server's.

import * as vscode from "vscode";
import type { ExecuteCommandSignature, LanguageClient } from "vscode-languageclient/node";
import type { Denoising } from "./canvas/denoising.ts";
import type { Settled } from "./canvas/settled.ts";
import type { Pins } from "./pins.ts";
import { isJob, type Job, type JobArgument } from "./protocol.ts";
import { noEditor, notApplied, nothingSelected } from "./sentences.ts";
import { askStrength } from "./strength.ts";

export interface Hands {
  /** The client of a server that answers; says why where there is none. */
  readonly demand: () => LanguageClient | undefined;
  readonly denoising: Denoising;
  readonly settled: Settled;
  readonly pins: Pins;
  readonly log: vscode.LogOutputChannel;
}

type Argument = Omit<JobArgument, "uri">;

/** Registers the commands that work on a text. */
export function registerJobs(hands: Hands): vscode.Disposable[] {
  const { settled, denoising, pins } = hands;
  const onEditor = (name: string, act: (editor: vscode.TextEditor) => unknown): vscode.Disposable =>
    vscode.commands.registerCommand(name, () => {
      const editor = vscode.window.activeTextEditor;
      return editor ? act(editor) : void vscode.window.showInformationMessage(noEditor());
    });
  const job = (name: string, which: Job, argument: (editor: vscode.TextEditor) => Argument): vscode.Disposable =>
    onEditor(name, (editor) => perform(hands, editor.document, which, argument(editor)));
  const range = (editor: vscode.TextEditor): Argument => ({ range: plain(editor.selection) });
  const pinned = ({ document, selection }: vscode.TextEditor): Argument => ({
    range: plain(selection),
    pins: pins.inside(document, selection).map(plain),
  });
  return [
    job("dgls.fillSelection", "dgls.fill", pinned),
    job("dgls.fillHolesHere", "dgls.fillHoles", ({ document, selection }) => ({
      range: plain(selection.isEmpty ? document.lineAt(selection.active).range : selection),
    })),
    job("dgls.fillHolesInFunction", "dgls.fillHoles", ({ selection: { active } }) => ({ range: plain(new vscode.Range(active, active)) })),
    job("dgls.fillHolesInFile", "dgls.fillHoles", () => ({})),
    job("dgls.repairHere", "dgls.repair", range),
    job("dgls.repairFile", "dgls.repair", () => ({})),
    job("dgls.redenoiseFill", "dgls.redenoise", ({ selection }) => (selection.isEmpty ? {} : { ranges: [plain(selection)] })),
    onEditor("dgls.rewriteSelection", async (editor) => {
      if (editor.selection.isEmpty) return void vscode.window.showInformationMessage(nothingSelected());
      const argument = pinned(editor);
      const strength = await askStrength();
      return strength === undefined ? undefined : perform(hands, editor.document, "dgls.rewrite", { ...argument, strength });
    }),
    onEditor("dgls.pin", (editor) => {
      if (editor.selection.isEmpty) return void vscode.window.showInformationMessage(nothingSelected());
      pins.toggle(editor);
    }),
    onEditor("dgls.clearPins", ({ document }) => { pins.clear(document); }),
    vscode.commands.registerCommand("dgls.cancel", () => { denoising.cancel(); }),
    vscode.commands.registerCommand("dgls.accept", () => {
      if (settled.document) pins.clear(settled.document);
      settled.accept();
    }),
    vscode.commands.registerCommand("dgls.discard", () => settled.discard()),
    vscode.commands.registerCommand("dgls.again", () =>
      settled.document ? perform(hands, settled.document, "dgls.redenoise", {}) : undefined,
    ),
  ];
}

/** A command of the server that something else than a command of ours has called: a code action, a key of the user. */
export function fromServer(hands: Hands, command: string, args: readonly unknown[], next: ExecuteCommandSignature): unknown {
  if (!isJob(command)) return next(command, [...args]);
  const { uri, ...argument } = (args[0] ?? {}) as Partial<JobArgument>;
  const document = uri
    ? vscode.workspace.textDocuments.find((one) => one.uri.toString() === vscode.Uri.parse(uri).toString())
    : vscode.window.activeTextEditor?.document;
  return document ? perform(hands, document, command, argument) : next(command, [...args]);
}

/** Have the server do a job on `document`. What it finds wrong it says itself; it is repeated in a corner. */
async function perform({ demand, denoising, log }: Hands, document: vscode.TextDocument, job: Job, argument: Argument): Promise<void> {
  const client = demand();
  if (!client) return;
  const uri = client.code2ProtocolConverter.asUri(document.uri);
  try {
    const result = await denoising.run(client, document, job, { uri, ...argument });
    if (result && !result.applied && result.fills.length > 0 && result.reason) {
      void vscode.window.showWarningMessage(notApplied(vscode.workspace.asRelativePath(document.uri), result.reason));
    } else if (result?.reason) {
      vscode.window.setStatusBarMessage(`dgls: ${result.reason}`, LINGER_MS);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.warn(`${job}: ${reason}`);
    vscode.window.setStatusBarMessage(`dgls: ${reason}`, LINGER_MS);
  }
}

const LINGER_MS = 8_000;

function plain({ start, end }: vscode.Range): NonNullable<JobArgument["range"]> {
  return {
    start: { line: start.line, character: start.character },
    end: { line: end.line, character: end.character },
  };
}
