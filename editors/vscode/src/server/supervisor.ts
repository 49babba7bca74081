// The server's life: found, started, watched, started again when it ends; each trouble is one sentence with a next step.

import { access, constants } from "node:fs/promises";
import path from "node:path";
import { setTimeout as passed } from "node:timers/promises";
import * as vscode from "vscode";
import { ResponseError, State, type LanguageClient } from "vscode-languageclient/node";
import { crashed, notRunning, notStarted, untrusted, wrongVersion } from "../sentences.ts";
import { commandLine, type Declared } from "../settings.ts";
import { inspector } from "../client.ts";
import { interpreterIn, serverIn } from "./environment.ts";
import { findServer, fits, NotFound, onSearchPath, type Found } from "./find.ts";
import { install } from "./install.ts";
import { Patience } from "./patience.ts";
import { reasonOf, versionOf } from "./programs.ts";

const FOLDERS = [".venv", "venv"];
/** The shared server waits three seconds for another window when the last one has left: only then is its place free. */
const GRACE_MS = 4_000;

export interface Circumstances {
  readonly context: vscode.ExtensionContext;
  readonly declared: Readonly<Record<string, Declared>>;
  readonly log: vscode.LogOutputChannel;
  readonly connect: (command: readonly string[], onClosed: () => void) => LanguageClient;
  /** Told how things stand while there is no server to say it. */
  readonly tell: (state: "starting" | "running" | "failed", sentence: string) => void;
}

/** Keeps one server running. */
export class Supervisor implements vscode.Disposable {
  private readonly circumstances: Circumstances;
  private readonly patience = new Patience();
  private readonly subscriptions: vscode.Disposable[];
  private current: LanguageClient | undefined;
  private found: Found | undefined;
  private startedAt = 0;
  private pause: NodeJS.Timeout | undefined;
  private starting: Promise<void> = Promise.resolve();

  constructor(circumstances: Circumstances) {
    this.circumstances = circumstances;
    this.subscriptions = [
      vscode.workspace.onDidGrantWorkspaceTrust(() => { if (!this.client) void this.restart(); }),
      vscode.workspace.onDidChangeConfiguration((change) => {
        const chooses = ["dgls.server.command", "dgls.server.shared", "dgls.model"].some((key) => change.affectsConfiguration(key));
        if (chooses) void this.restart();
      }),
    ];
  }

  /** The client of a server that answers, if there is one. */
  get client(): LanguageClient | undefined {
    return this.current?.state === State.Running ? this.current : undefined;
  }

  /** The server that was found, for the doctor. */
  get server(): Found | undefined {
    return this.found;
  }

  private get version(): string {
    return (this.circumstances.context.extension.packageJSON as { version: string }).version;
  }

  private get home(): string {
    return path.join(this.circumstances.context.globalStorageUri.fsPath, "server");
  }

  /** End the server, if there is one, and start one. Starts follow one another; none is made twice at once. */
  restart(): Promise<void> {
    this.patience.reset();
    return this.begin();
  }

  private begin(): Promise<void> {
    clearTimeout(this.pause);
    this.starting = this.starting.then(async () => {
      await this.stop();
      await this.start();
    });
    return this.starting;
  }

  /** Make the extension's own environment anew, after asking, and start its server. */
  async install(): Promise<void> {
    const { context, log, tell } = this.circumstances;
    const place = { extension: context.extensionPath, home: this.home, version: this.version, log };
    const agreed = (): void => { if (!this.client) tell("starting", "Installing the server."); };
    const made = async (): Promise<void> => {
      const ran = this.client !== undefined;
      await this.stop();
      tell("starting", "Installing the server.");
      if (ran) await passed(GRACE_MS);
    };
    try {
      if (await install({ ...place, agreed, made })) await this.restart();
    } catch (error) {
      const sentence = reasonOf(error);
      log.error(sentence);
      if (!this.client) tell("failed", sentence);
      const choice = await vscode.window.showErrorMessage(sentence, "Try Again", "Show Log", "Open Setting");
      if (choice === "Try Again") void this.install();
      else if (choice === "Show Log") log.show();
      else if (choice === "Open Setting") await vscode.commands.executeCommand("workbench.action.openSettings", "dgls.server");
    }
  }

  private async start(): Promise<void> {
    const { tell, log, connect, declared } = this.circumstances;
    tell("starting", "Starting the server.");
    try {
      this.found = await this.find();
    } catch (error) {
      this.fail(reasonOf(error));
      if (error instanceof NotFound) void this.offerRemedy(error);
      return;
    }
    const { command, version, origin } = this.found;
    const shared = inspector()("dgls.server.shared");
    const whole = [...command, "serve", ...((shared?.globalValue ?? shared?.defaultValue) === true ? ["--shared"] : []), ...commandLine(declared, inspector())];
    log.info(`starting dgls ${version} from ${origin}: ${whole.join(" ")}`);
    this.startedAt = Date.now();
    const client = connect(whole, () => { this.ended(client); });
    this.current = client;
    try {
      await client.start();
    } catch (error) {
      if (error instanceof ResponseError) {
        this.giveUp(); // it has said why on the screen, and would say so again
        this.fail(reasonOf(error));
      } else if (this.pause === undefined) this.fail(notStarted(reasonOf(error)), true);
      return;
    }
    const says = client.initializeResult?.serverInfo?.version;
    if (says !== undefined && !fits(says, this.version)) this.fail(wrongVersion(command.join(" "), says, this.version), true);
    else tell("running", "");
  }

  private find(): Promise<Found> {
    const { isTrusted } = vscode.workspace;
    if (!isTrusted) this.circumstances.log.info(untrusted());
    const configured = vscode.workspace.getConfiguration("dgls").get<string[]>("server.command", []);
    return findServer(
      {
        configured,
        workspacePython: isTrusted ? workspacePython : undefined,
        own: () => serverIn(this.home),
        onPath: () => onSearchPath("dgls", process.env.PATH ?? "", process.platform, runs),
        versionOf,
      },
      this.version,
    );
  }

  private ended(client: LanguageClient): void {
    if (client !== this.current) return;
    const wait = this.patience.afterEnd(Date.now() - this.startedAt);
    if (wait === undefined) {
      this.fail(crashed(this.patience.count), true);
      return;
    }
    this.circumstances.log.warn(`the server has ended; it is started again in ${wait} ms`);
    this.circumstances.tell("starting", "The server ended unexpectedly; starting it again.");
    this.pause = setTimeout(() => {
      this.pause = undefined;
      void this.begin();
    }, wait);
  }

  /** Let the server that was started be, whatever it does. */
  private giveUp(): void {
    this.current = undefined;
    clearTimeout(this.pause);
    this.pause = undefined;
  }

  private fail(sentence: string, show = false): void {
    this.circumstances.log.error(sentence);
    this.circumstances.tell("failed", sentence);
    if (show) void this.explain(sentence);
  }

  /** Show a sentence, with what can be done about it. */
  private async explain(sentence: string): Promise<void> {
    const choice = await vscode.window.showErrorMessage(sentence, "Restart", "Show Log", "Doctor");
    if (choice === "Restart") await this.restart();
    else if (choice === "Show Log") this.circumstances.log.show();
    else if (choice === "Doctor") await vscode.commands.executeCommand("dgls.doctor");
  }

  private async offerRemedy({ message, installable }: NotFound): Promise<void> {
    const choice = await vscode.window.showWarningMessage(message, ...(installable ? ["Install"] : []), "Open Setting");
    if (choice === "Install") void this.install();
    else if (choice === "Open Setting") await vscode.commands.executeCommand("workbench.action.openSettings", "dgls.server");
  }

  /** The client, or, where none answers, a sentence on the screen. */
  demand(): LanguageClient | undefined {
    if (!this.client) void this.explain(notRunning());
    return this.client;
  }

  private async stop(): Promise<void> {
    const { current } = this;
    this.giveUp();
    try {
      await current?.dispose();
    } catch (error) {
      this.circumstances.log.warn(`ending the server: ${reasonOf(error)}`);
    }
  }

  async dispose(): Promise<void> {
    this.subscriptions.forEach((subscription) => void subscription.dispose());
    await this.stop();
  }
}

async function runs(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(() => true, () => false);
}

/** The interpreter that the user works with here: what the Python extension says, else an environment in a folder. */
async function workspacePython(): Promise<string | undefined> {
  const python = vscode.extensions.getExtension<PythonExtension>("ms-python.python");
  if (python) {
    const { environments } = await python.activate();
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const resolved = await environments.resolveEnvironment(environments.getActiveEnvironmentPath(folder));
    const interpreter = resolved?.executable.uri?.fsPath;
    if (interpreter) return interpreter;
  }
  for (const folder of vscode.workspace.workspaceFolders ?? []) {
    if (folder.uri.scheme !== "file") continue;
    for (const name of FOLDERS) {
      const interpreter = interpreterIn(path.join(folder.uri.fsPath, name));
      if (await runs(interpreter)) return interpreter;
    }
  }
  return undefined;
}

/** The part of the Python extension's interface that is used. */
interface PythonExtension {
  readonly environments: {
    getActiveEnvironmentPath: (resource?: vscode.Uri) => unknown;
    resolveEnvironment: (environment: unknown) => Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
  };
}
