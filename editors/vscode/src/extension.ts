// The extension: a thin client that finds the server, starts it, and shows what it says.

import * as vscode from "vscode";
import { Offers } from "./accepted.ts";
import { Denoising } from "./canvas/denoising.ts";
import { Settled } from "./canvas/settled.ts";
import { createClient, watchAcceptance } from "./client.ts";
import { fromServer, registerJobs, type Hands } from "./commands.ts";
import { Doctor } from "./doctor.ts";
import { showMenu } from "./menu.ts";
import { Pins } from "./pins.ts";
import { STATUS_REQUEST } from "./protocol.ts";
import { Supervisor } from "./server/supervisor.ts";
import type { Declared } from "./settings.ts";
import { StatusBar } from "./status.ts";

interface Manifest {
  readonly version: string;
  readonly contributes: { readonly configuration: readonly { readonly properties: Readonly<Record<string, Declared>> }[] };
}

export function activate(context: vscode.ExtensionContext): void {
  const manifest = context.extension.packageJSON as Manifest;
  const declared = Object.assign({}, ...manifest.contributes.configuration.map(({ properties }) => properties)) as Record<string, Declared>;
  const log = vscode.window.createOutputChannel("dgls", { log: true });
  const status = new StatusBar();
  const settled = new Settled();
  const denoising = new Denoising(settled);
  const pins = new Pins();
  const offers = new Offers();

  const supervisor: Supervisor = new Supervisor({
    context,
    declared,
    log,
    tell: (state, message) => {
      if (state === "running") void askStatus();
      else {
        denoising.cancel();
        status.tell({ state, message });
      }
    },
    connect: (command, onClosed) =>
      createClient({
        command,
        declared,
        log,
        denoising,
        offers,
        onClosed,
        onStatus: (told) => {
          if (told.uri) {
            if (told.uri === activeUri()) status.tellHere(told);
          } else status.tell(told);
        },
        onCommand: (name, args, next) => fromServer(hands, name, args, next),
      }),
  });
  const hands: Hands = { demand: () => supervisor.demand(), denoising, settled, pins, log };

  /** Ask how the server is, and how it is about the document that is looked at. */
  async function askStatus(): Promise<void> {
    const { client } = supervisor;
    if (!client) return;
    try {
      status.tell(await client.sendRequest(STATUS_REQUEST, {}));
      const uri = activeUri();
      status.tellHere(uri === undefined ? undefined : await client.sendRequest(STATUS_REQUEST, { uri }));
    } catch (error) {
      log.debug(`dgls/status: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  function activeUri(): string | undefined {
    const document = vscode.window.activeTextEditor?.document;
    return document && supervisor.client?.code2ProtocolConverter.asUri(document.uri);
  }

  context.subscriptions.push(
    log, status, settled, denoising, pins, supervisor,
    denoising.onDidStep((step) => { status.tellStep(step); }),
    watchAcceptance(offers, () => supervisor.client),
    vscode.window.onDidChangeActiveTextEditor(() => void askStatus()),
    vscode.workspace.onDidChangeConfiguration((change) => { if (change.affectsConfiguration("dgls")) void askStatus(); }),
    ...registerJobs(hands),
    ...registerRest(context, supervisor, status, log, manifest.version),
  );
  void supervisor.restart();
}

function registerRest(
  context: vscode.ExtensionContext,
  supervisor: Supervisor,
  status: StatusBar,
  log: vscode.LogOutputChannel,
  version: string,
): vscode.Disposable[] {
  const doctor = new Doctor(supervisor, version);
  const commands: Record<string, () => unknown> = {
    "dgls.menu": () => showMenu(status, supervisor.client),
    "dgls.togglePause": () => vscode.commands.executeCommand(status.state === "paused" ? "dgls.resume" : "dgls.pause"),
    "dgls.doctor": () => doctor.show(),
    "dgls.showLog": () => { log.show(); },
    "dgls.restart": () => supervisor.restart(),
    "dgls.install": () => supervisor.install(),
    "dgls.openSettings": () => vscode.commands.executeCommand("workbench.action.openSettings", `@ext:${context.extension.id}`),
    "dgls.openWalkthrough": () =>
      vscode.commands.executeCommand("workbench.action.openWalkthrough", `${context.extension.id}#dgls.firstSteps`, false),
  };
  return [doctor, ...Object.entries(commands).map(([name, act]) => vscode.commands.registerCommand(name, act))];
}
