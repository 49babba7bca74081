// What the user is told when something is not as it should be: one sentence, which says what is wrong, with what, and
// what to do next. Knows nothing of VS Code.

export const OLDEST_PYTHON = "3.11";

export function noPython(): string {
  return `dgls needs Python ${OLDEST_PYTHON} or later and found none: install it, or name one in the setting dgls.server.python.`;
}

export function oldPython(path: string, version: string): string {
  return `dgls needs Python ${OLDEST_PYTHON} or later, and ${path} is ${version}: install a newer one, or name it in the setting dgls.server.python.`;
}

export function wrongPython(path: string): string {
  return `The setting dgls.server.python names ${path}, which does not run: correct it, or empty it to have a Python found.`;
}

export function noServer(): string {
  return "dgls has no server on this machine yet: let it be installed into an environment of its own, or name one in the setting dgls.server.command.";
}

export function wrongCommand(command: string, reason: string): string {
  return `The setting dgls.server.command names ${command}, which does not start (${reason}): correct it, or empty it to have the server found.`;
}

export function wrongVersion(command: string, version: string, wanted: string): string {
  return `${command} is dgls ${version}, and this extension needs ${series(wanted)}: update it there with pip, or let the extension install its own.`;
}

export function wrongVersionSet(command: string, version: string, wanted: string): string {
  return `The setting dgls.server.command names ${command}, which is dgls ${version}, and this extension needs ${series(wanted)}: update it there with pip, or empty the setting to have the server found.`;
}

export function noWheel(wanted: string): string {
  return `dgls ${wanted} could not be found by pip: put its wheel (make wheel) beside the .vsix, or name an installed dgls in the setting dgls.server.command.`;
}

export function noNetwork(): string {
  return "pip could not reach its package index, from which the server's libraries come: check the network or pip's proxy settings, and run \u201cdgls: Install the Server\u201d again.";
}

export function noRoom(folder: string): string {
  return `There is no room left for the server's libraries in ${folder}: free a few gigabytes, and run \u201cdgls: Install the Server\u201d again.`;
}

export function noVenv(python: string): string {
  return `${python} can make no virtual environment (it has neither a pip of 22.3 or later nor ensurepip): install its pip and venv packages, or name another Python in the setting dgls.server.python.`;
}

export function installFailed(reason: string): string {
  return `The server could not be installed (${reason}): the log has what pip said; run \u201cdgls: Install the Server\u201d to try again.`;
}

export function installStopped(): string {
  return "The server was not installed, because you stopped it: run \u201cdgls: Install the Server\u201d when you want it.";
}

export function crashed(times: number): string {
  return `The dgls server ended unexpectedly ${times} times in a row and is left alone now: look into the log, then run \u201cdgls: Restart the Server\u201d.`;
}

export function notStarted(reason: string): string {
  return `The dgls server did not start (${reason}): run \u201cdgls: Doctor\u201d, or look into the log.`;
}

export function notRunning(): string {
  return "The dgls server is not running: run \u201cdgls: Restart the Server\u201d, or look into the log.";
}

export function nothingSelected(): string {
  return "Nothing is selected: select the code that dgls is to rewrite, then run the command again.";
}

export function noEditor(): string {
  return "dgls works on the text of an editor: open a file and put the cursor into it, then run the command again.";
}

export function notApplied(file: string, reason: string): string {
  return `${file} was not changed (${reason}): make it writable or save it under another name, then run the command again.`;
}

export function untrusted(): string {
  return "dgls takes nothing from this workspace before you trust it: its Python environment and settings are left aside; trust it by \u201cWorkspaces: Manage Workspace Trust\u201d.";
}

/** The series of versions that a version belongs to, as people write it. */
export function series(version: string): string {
  return `${version.split(".").slice(0, 2).join(".")}.x`;
}
