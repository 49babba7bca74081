"""Print the settings from the schema, for people or for programs.

``python docs/settings.py > docs/settings.md`` prints the page of settings.

``python docs/settings.py --json`` prints one JSON object for editors that declare settings: path (``infill.seed``) to
JSON schema. Each has ``type`` (a name, or a list of names where null is allowed), ``default`` and ``description``;
where they apply ``enum``, ``minimum``, ``exclusiveMinimum``, ``maximum``, ``minLength`` and ``items`` (of an array).
``scope`` is ``machine`` for what no workspace may set (an editor has to pass it to dgls by the environment, as
``variable``, or by ``--set``), else ``resource``: it may differ from folder to folder. ``merge`` is ``add`` for a list
to which every source only adds.
"""

import inspect
import json
import sys
from typing import Any

import msgspec

from dgls.config import SECTIONS, Settings
from dgls.layers import variable

HEAD = """\
# Settings

<!-- printed by docs/settings.py from dgls/config.py -->

| source | how, weakest first |
| --- | --- |
| your own file | `config.toml` in your settings folder for dgls (on Linux `~/.config/dgls/`), one table per section |
| the project | `[tool.dgls.infill]` in the nearest `pyproject.toml` with a table of dgls, up to the workspace folder |
| the editor | `initializationOptions`: `{"infill": {"candidates": 3}}`; its settings under `dgls`, folder by folder |
| the environment | `DGLS_INFILL_CANDIDATES=3`; a list as `a,b` |
| the command line | `--set infill.candidates=3`; `--checkpoint`, `--device`, `--allow-download` |

- A wrong value is named with its place and its path in it, and what stood below it counts.
- What changes while dgls runs holds from the next request on.
- Settings marked † load code, download, listen, or are shared by all windows. They come from the command line, the
  environment or your own file alone, since a project and an editor may say what a stranger wrote. A change to them
  holds when dgls starts again.
- An editor should send only what its user has set: null means not set.

## What is left alone

A document is neither filled, nor context of others, nor parsed, where

- it may hold secrets: `.env`, private keys, `.netrc`, `.npmrc`, `credentials` and [many more](../dgls/policy.py), of
  any case; or a pattern of `server.secrets` names it. All sources add to that list, and none can take anything away;
- a `.dglsignore` names it, in its folder or any above, up to the workspace folder. These files are written as
  `.gitignore` is; one that cannot be read hides all that it might;
- `server.enabled`, `server.disabled_languages`, `server.disabled_folders` or `server.exclude` say so.

A link is also what it leads to. `dgls/status` ([protocol](protocol.md)) says why a document is left alone.
`dgls fill` refuses what the first two name, unless it is given `--anyway`.
"""

Schema = dict[str, Any]


def main() -> None:
    """Print the page, or with ``--json`` the schema of every setting."""
    if sys.argv[1:] == ["--json"]:
        print(json.dumps(declared(), indent=2))
    else:
        print_page()


def declared() -> dict[str, Schema]:
    """The JSON schema of every setting by its path."""
    found = {}
    for section in SECTIONS:
        for name, setting in properties(section).items():
            path = f"{section}.{name}"
            found[path] = {"scope": "resource", **flat(setting), "variable": variable(path)}
    return found


def properties(section: str) -> dict[str, Schema]:
    """What msgspec says of each setting of a section."""
    found: dict[str, Schema] = msgspec.json.schema(Settings)["$defs"][SECTIONS[section].__name__][
        "properties"
    ]
    return found


def flat(setting: Schema) -> Schema:
    """A setting without ``anyOf``, which only ever says that null is allowed too, and with its ``type`` always said."""
    rest = dict(setting)
    choices = rest.pop("anyOf", ())
    for choice in choices:
        if choice.get("type") != "null":
            rest |= choice
    if "enum" in rest:
        rest = {"type": "string", **rest}
    if {"type": "null"} in choices:
        rest["type"] = [rest["type"], "null"]
        if "enum" in rest:
            rest["enum"] = [*rest["enum"], None]
    return rest


def print_page() -> None:
    """Print one table per section."""
    print(HEAD)
    for section, kind in SECTIONS.items():
        print(f"## `{section}`\n\n{inspect.getdoc(kind)}\n")
        print("| setting | default | values | what it is | variable |\n| --- | --- | --- | --- | --- |")
        for name, setting in properties(section).items():
            default = json.dumps(setting["default"])
            mark = " †" if setting.get("scope") == "machine" else ""
            own = variable(f"{section}.{name}")
            print(
                f"| `{name}`{mark} | `{default}` | {_values(setting)} | {setting['description']} | `{own}` |"
            )
        print()


def _values(setting: Schema) -> str:
    """What a setting may be, in words."""
    if "anyOf" in setting:
        return " or ".join(_values(choice) for choice in setting["anyOf"])
    if "enum" in setting:
        return ", ".join(f"`{value}`" for value in setting["enum"])
    words: str = setting["type"]
    if words == "array":
        words = f"list of {setting['items']['type']}s"
    if "minimum" in setting:
        words += f" {setting['minimum']:,} to {setting['maximum']:,}"
    elif "exclusiveMinimum" in setting:
        words += f" above {setting['exclusiveMinimum']:,}, up to {setting['maximum']:,}"
    return words


if __name__ == "__main__":
    main()
