// dgls's own messages, as docs/protocol.md has them. Knows nothing of VS Code.

import { NotificationType, RequestType, type Range } from "vscode-languageserver-protocol";

/** The jobs of the server: what a command of this name frees is drawn anew, and the answer is one edit. */
export const JOBS = ["dgls.fill", "dgls.fillHoles", "dgls.repair", "dgls.redenoise", "dgls.rewrite"] as const;
export type Job = (typeof JOBS)[number];

/** What a job takes in its one argument, beside the document. */
export interface JobArgument {
  readonly uri: string;
  readonly range?: Range;
  readonly ranges?: readonly Range[];
  readonly pins?: readonly Range[];
  readonly strength?: number;
}

/** What a job answers. */
export interface JobResult {
  readonly applied: boolean;
  readonly validated: boolean;
  readonly reason: string | null;
  readonly fills: readonly { readonly confidence: number; readonly validated: boolean }[];
  readonly left: number;
}

/** A stretch of a draft; a confidence of null marks text that is still noise. */
export interface Run {
  readonly text: string;
  readonly confidence: number | null;
}

/** What one denoising step shows. */
export interface Frame {
  readonly uri: string;
  readonly version: number;
  readonly id: number | string;
  readonly state: "denoising" | "repairing" | "done";
  readonly step: number;
  readonly drafts: readonly { readonly range: Range; readonly runs: readonly Run[] }[];
}

/** How the server is, or, with a `uri`, how it is about that document. */
export interface Status {
  readonly state: "loading" | "ready" | "busy" | "paused" | "error" | "disabled" | "unloaded";
  readonly message: string;
  readonly percentage: number | null;
  readonly uri: string | null;
  readonly model: string;
}

export const FRAME = new NotificationType<Frame>("dgls/frame");
export const STATUS = new NotificationType<Status>("dgls/status");
export const STATUS_REQUEST = new RequestType<{ uri?: string }, Status, void>("dgls/status");
export const PARTIALLY_ACCEPTED = new NotificationType<{ id: number; length: number }>("dgls/partiallyAccepted");
export const REJECTED = new NotificationType<{ ids: readonly number[] }>("dgls/rejected");

export function isJob(command: string): command is Job {
  return (JOBS as readonly string[]).includes(command);
}
