// How the condition of dgls looks in a status bar. Knows nothing of VS Code.

import type { Status } from "./protocol.ts";

/** How dgls is: what the server says, or, where there is none, what the extension knows. */
export interface Condition {
  readonly state: Status["state"] | "starting" | "failed";
  readonly message: string;
  readonly percentage?: number | null;
  readonly model?: string;
}

export interface Look {
  readonly text: string;
  readonly tooltip: string;
  /** The theme colour behind it. */
  readonly colour?: string;
}

const WARNING = "statusBarItem.warningBackground";
const ERROR = "statusBarItem.errorBackground";

/** The look of a condition; `step` is that of the job at work, if one is. */
export function look(condition: Condition, step?: number): Look {
  const { state, message, percentage, model } = condition;
  if (step !== undefined) return { text: `$(sync~spin) dgls step ${step}`, tooltip: "dgls: denoising; Escape stops it" };
  const said = message ? `: ${message}` : "";
  switch (state) {
    case "starting":
      return { text: "$(loading~spin) dgls", tooltip: `dgls: starting${said}` };
    case "loading": {
      const share = typeof percentage === "number" ? ` ${percentage} %` : "";
      return { text: `$(loading~spin) dgls${share}`, tooltip: `dgls: loading the model${said}` };
    }
    case "busy":
      return { text: "$(sync~spin) dgls", tooltip: "dgls: at work" };
    case "ready":
      return { text: "$(sparkle) dgls", tooltip: `dgls: ready${model ? ` (${model})` : ""}` };
    case "unloaded":
      return { text: "$(sparkle) dgls", tooltip: `dgls: the model is unloaded until it is needed${said}` };
    case "paused":
      return { text: "$(debug-pause) dgls", tooltip: `dgls: paused; click to resume${said}` };
    case "disabled":
      return { text: "$(circle-slash) dgls", tooltip: `dgls: off here${said}` };
    case "error":
      return { text: "$(warning) dgls", tooltip: `dgls: ${message}`, colour: WARNING };
    case "failed":
      return { text: "$(error) dgls", tooltip: `dgls: ${message}`, colour: ERROR };
  }
}
