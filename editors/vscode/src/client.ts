// The language client: what it tells the server of this editor, and what it takes from the server.

import * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  type ExecuteCommandSignature,
  type FeatureState,
  type InitializeParams,
  type ServerOptions,
  type StaticFeature,
} from "vscode-languageclient/node";
import type { Offers } from "./accepted.ts";
import type { Denoising } from "./canvas/denoising.ts";
import { FRAME, PARTIALLY_ACCEPTED, REJECTED, STATUS, type Status } from "./protocol.ts";
import { NEUTRAL_FOLDER } from "./server/programs.ts";
import { editorLayer, type Declared } from "./settings.ts";

const SELECTOR = ["file", "untitled", "vscode-notebook-cell", "vscode-remote", "vscode-userdata"].map((scheme) => ({ scheme }));

/** What the client is made with. */
export interface Parts {
  readonly command: readonly string[];
  readonly declared: Readonly<Record<string, Declared>>;
  readonly log: vscode.LogOutputChannel;
  readonly denoising: Denoising;
  readonly offers: Offers;
  readonly onStatus: (status: Status) => void;
  readonly onCommand: (command: string, args: readonly unknown[], next: ExecuteCommandSignature) => unknown;
  readonly onClosed: () => void;
}

/** Says what this client knows beyond the protocol. */
class Experimental implements StaticFeature {
  fillInitializeParams(params: InitializeParams): void {
    const known = (params.capabilities.experimental ?? {}) as Record<string, unknown>;
    params.capabilities.experimental = { ...known, dgls: { frames: true, status: true } };
  }
  fillClientCapabilities(): void {
    // All is said in fillInitializeParams, which comes last.
  }
  initialize(): void {
    // The server says nothing about it.
  }
  getState(): FeatureState {
    return { kind: "static" };
  }
  clear(): void {
    // Nothing is kept.
  }
}

/** A client for the server that `parts.command` starts. */
export function createClient(parts: Parts): LanguageClient {
  const { command, log, denoising, offers } = parts;
  const [program = "", ...args] = command;
  const options: ServerOptions = { command: program, args, options: { cwd: NEUTRAL_FOLDER } };
  const client = new LanguageClient("dgls", "dgls", options, {
    documentSelector: SELECTOR,
    outputChannel: log,
    initializationOptions: () => editorLayer(parts.declared, inspector()),
    progressOnInitialization: false,
    // Starting again is the extension's own affair: the client's has no back-off.
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        parts.onClosed();
        return { action: CloseAction.DoNotRestart, handled: true, message: "The server has ended." };
      },
    },
    initializationFailedHandler: () => false,
    middleware: {
      executeCommand: (name, given, next) => parts.onCommand(name, given as unknown[], next),
      handleWorkDoneProgress: (token, params, next) => {
        // Loading stands in the status bar, and a job is seen where it works: bars would only cover the text.
        if (!String(token).startsWith("dgls/")) next(token, params);
      },
      provideInlineCompletionItems: async (document, position, context, token, next) => {
        const answer = await next(document, position, context, token);
        const items = answer ? (Array.isArray(answer) ? answer : answer.items) : [];
        const uri = document.uri.toString();
        offers.offered(
          uri,
          items.flatMap(({ insertText, range, command: accepted }) => {
            const [argument] = (accepted?.arguments ?? []) as [{ id?: number }?];
            if (typeof insertText !== "string" || argument?.id === undefined) return [];
            const start = range?.start ?? position; // behind the position where the user has typed on meanwhile
            const shown = Math.max(0, position.character - start.character);
            return [{ id: argument.id, offset: document.offsetAt(start) + shown, text: insertText.slice(shown) }];
          }),
        );
        return answer;
      },
      workspace: {
        handleApplyEdit: async (params, next) => (await denoising.apply(params)) ?? next(params, new vscode.CancellationTokenSource().token),
        // What has changed is asked for; what would be sent here are all settings, defaults too.
        didChangeConfiguration: (_, next) => next(undefined),
        configuration: ({ items }) =>
          items.map(({ section, scopeUri }) => {
            const whole = editorLayer(parts.declared, inspector(scopeUri ? vscode.Uri.parse(scopeUri) : undefined));
            const [, ...path] = (section ?? "dgls").split(".");
            return path.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], whole) ?? null;
          }),
      },
    },
  });
  client.registerFeature(new Experimental());
  client.onNotification(FRAME, (frame) => { denoising.show(frame); });
  client.onNotification(STATUS, parts.onStatus);
  return client;
}

/** Tells the server what was accepted in part, and what was not. */
export function watchAcceptance(offers: Offers, client: () => LanguageClient | undefined): vscode.Disposable {
  return vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
    const changes = contentChanges.map(({ rangeOffset, rangeLength, text }) => ({ offset: rangeOffset, length: rangeLength, text }));
    const told = offers.changed(document.uri.toString(), changes);
    if (!told) return;
    if ("accepted" in told) void client()?.sendNotification(PARTIALLY_ACCEPTED, told.accepted);
    else void client()?.sendNotification(REJECTED, { ids: told.rejected });
  });
}

export function inspector(scope?: vscode.Uri): (key: string) => ReturnType<vscode.WorkspaceConfiguration["inspect"]> {
  const configuration = vscode.workspace.getConfiguration(undefined, scope ?? null);
  return (key) => configuration.inspect(key);
}
