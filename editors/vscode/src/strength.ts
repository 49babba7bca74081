// How much of a selection is to be drawn again, as a list to choose from; any other number may be typed.

import * as vscode from "vscode";

interface Choice extends vscode.QuickPickItem {
  readonly strength: number;
}

const CHOICES: readonly Choice[] = [
  { label: "Polish", description: "0.2", detail: "The few least certain tokens", strength: 0.2 },
  { label: "Touch up", description: "0.4", detail: "Names and details; the shape stays", strength: 0.4 },
  { label: "Rework", description: "0.7", detail: "Most of it; something shines through", strength: 0.7 },
  { label: "Start anew", description: "1", detail: "All of it", strength: 1 },
];

/** A strength from 0 to 1; undefined where the user thinks better of it. */
export function askStrength(): Promise<number | undefined> {
  return new Promise((resolve) => {
    const picker = vscode.window.createQuickPick<Choice>();
    picker.title = "dgls: rewrite the selection";
    picker.placeholder = "How much of it? Choose, or type a number from 0 to 1";
    picker.items = CHOICES;
    picker.matchOnDescription = true;
    picker.onDidChangeValue((value) => {
      const strength = readStrength(value);
      const own = strength === undefined ? [] : [{ label: value, detail: "Of its tokens, the least certain first", alwaysShow: true, strength }];
      picker.items = [...own, ...CHOICES];
    });
    picker.onDidAccept(() => {
      resolve(picker.activeItems[0]?.strength);
      picker.hide();
    });
    picker.onDidHide(() => {
      resolve(undefined);
      picker.dispose();
    });
    picker.show();
  });
}

function readStrength(value: string): number | undefined {
  const strength = Number(value.trim().replace(",", "."));
  return value.trim() !== "" && strength >= 0 && strength <= 1 ? strength : undefined;
}
