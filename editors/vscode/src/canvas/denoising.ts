// One job at a time, from its request to its edit: frames are drawn, Escape or a keystroke ends it.

import * as vscode from "vscode";
import {
  ExecuteCommandRequest,
  TextEdit,
  type ApplyWorkspaceEditParams,
  type ApplyWorkspaceEditResult,
  type LanguageClient,
} from "vscode-languageclient/node";
import type { Frame, Job, JobArgument, JobResult } from "../protocol.ts";
import { Painter } from "./painter.ts";
import { spanOf, type Settled } from "./settled.ts";

const KEY = "dgls.denoising";

interface Running {
  readonly document: vscode.TextDocument;
  readonly uri: string;
  /** Whether what it writes belongs to the step to undo that was written last. */
  joins: boolean;
  readonly cancellation: vscode.CancellationTokenSource;
  readonly painter: Painter;
  /** The id of the request that its frames carry, once the first of them has come. */
  id?: number | string;
}

/** What the server is denoising for the user, if it is. */
export class Denoising implements vscode.Disposable {
  private readonly settled: Settled;
  private readonly stepped = new vscode.EventEmitter<number | undefined>();
  /** How many decoder passes were made so far; undefined when the job has ended. */
  readonly onDidStep = this.stepped.event;
  private readonly subscription: vscode.Disposable;
  private running: Running | undefined;
  private readonly ended = new Set<number | string>();

  constructor(settled: Settled) {
    this.settled = settled;
    this.subscription = vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (document === this.running?.document && contentChanges.length > 0 && !settled.writing) this.cancel();
    });
  }

  /** Have the server do `job`; a job that runs already is cancelled. Answers what came of it, or undefined if cancelled. */
  async run(client: LanguageClient, document: vscode.TextDocument, job: Job, argument: JobArgument): Promise<JobResult | undefined> {
    this.cancel();
    const joins = job === "dgls.redenoise" && this.settled.document === document;
    if (!joins) this.settled.accept();
    const running: Running = {
      document,
      uri: argument.uri,
      joins,
      cancellation: new vscode.CancellationTokenSource(),
      painter: new Painter(document),
    };
    this.running = running;
    this.stepped.fire(0);
    void vscode.commands.executeCommand("setContext", KEY, true);
    try {
      const params = { command: job, arguments: [argument] };
      const result = (await client.sendRequest(ExecuteCommandRequest.type, params, running.cancellation.token)) as JobResult;
      if (result.applied) this.settled.summarise(summary(result));
      return result;
    } catch (error) {
      if (running.cancellation.token.isCancellationRequested) return undefined;
      throw error;
    } finally {
      this.end(running);
    }
  }

  /** Draw a frame of the job that runs. */
  show(frame: Frame): void {
    const { running } = this;
    if (frame.uri !== running?.uri || frame.version !== running.document.version) return;
    if (running.id === undefined && !this.ended.has(frame.id)) running.id = frame.id;
    if (frame.id !== running.id) return;
    running.painter.show(frame);
    this.stepped.fire(frame.step);
  }

  get document(): vscode.TextDocument | undefined {
    return this.running?.document;
  }

  /** Apply the edit of the job that runs; answers undefined where the edit is of something else. */
  async apply({ edit }: ApplyWorkspaceEditParams): Promise<ApplyWorkspaceEditResult | undefined> {
    const { running } = this;
    const [change, ...others] = edit.documentChanges ?? [];
    if (!running || !change || others.length > 0 || !("edits" in change) || change.textDocument.uri !== running.uri) return undefined;
    const { document } = running;
    if (change.textDocument.version !== null && change.textDocument.version !== document.version) {
      return { applied: false, failureReason: "the document has changed meanwhile" };
    }
    const edits = change.edits.filter((one) => TextEdit.is(one)).map(({ range, newText }) => {
      const { start, end } = spanOf(document, new vscode.Range(range.start.line, range.start.character, range.end.line, range.end.character));
      return { offset: start, length: end - start, text: newText };
    });
    edits.sort((one, other) => one.offset - other.offset);
    const applied = await this.settled.write(document, edits, running.joins, () => { running.painter.dispose(); });
    running.joins = applied; // a server that streams writes more than once
    return applied ? { applied } : { applied, failureReason: "it is read-only, or was closed" };
  }

  /** Stop what runs: the picture goes at once, the server stops within a step. */
  cancel(): void {
    const { running } = this;
    if (!running) return;
    running.cancellation.cancel();
    this.end(running);
  }

  private end(running: Running): void {
    running.painter.dispose();
    running.cancellation.dispose();
    if (running.id !== undefined) this.ended.add(running.id);
    if (this.running !== running) return;
    this.running = undefined;
    this.stepped.fire(undefined);
    void vscode.commands.executeCommand("setContext", KEY, false);
  }

  dispose(): void {
    this.cancel();
    this.subscription.dispose();
    this.stepped.dispose();
  }
}

function summary({ fills: [best], validated, left }: JobResult): string {
  const sure = best ? `${Math.round(best.confidence * 100)} % sure` : "";
  return [sure, validated ? "parses" : "not checked", left > 0 ? `${left} left` : ""].filter(Boolean).join(" · ");
}
