"""Print docs/settings.md from the schema: ``python docs/settings.py > docs/settings.md``."""

from typing import Any

import msgspec

from dgls.config import ENVIRONMENT_PREFIX, SECTIONS, Settings

HEAD = """\
# Settings

<!-- printed by docs/settings.py from dgls/config.py -->

| source | how, weakest first |
| --- | --- |
| your own file | `config.toml` in your settings folder for dgls (on Linux `~/.config/dgls/`), one table per section |
| the editor | `initializationOptions`: `{"infill": {"candidates": 3}}`; never the `model` section |
| the environment | `DGLS_INFILL_CANDIDATES=3` |
| the command line | `--set infill.candidates=3`; `--checkpoint`, `--device`, `--allow-download` |

A wrong value is named with its path, and what stood below it counts. What is loaded, downloaded and where from (the
`model` section) never comes from an editor, since that may pass on what a workspace says.
"""


def main() -> None:
    """Print one table per section."""
    print(HEAD)
    schema = msgspec.json.schema(Settings)["$defs"]
    for section, field in SECTIONS.items():
        described = schema[field.type.__name__]
        print(f"## `{section}`\n\n{described['description']}\n")
        print("| setting | default | values | what it is | variable |\n| --- | --- | --- | --- | --- |")
        for name, setting in described["properties"].items():
            default = msgspec.json.encode(setting["default"]).decode()
            variable = f"{ENVIRONMENT_PREFIX}{section}_{name}".upper()
            values, what = _values(setting), setting["description"]
            print(f"| `{name}` | `{default}` | {values} | {what} | `{variable}` |")
        print()


def _values(setting: dict[str, Any]) -> str:
    """What a setting may be, in words."""
    if "anyOf" in setting:
        return " or ".join(_values(choice) for choice in setting["anyOf"])
    if "enum" in setting:
        return ", ".join(f"`{value}`" for value in setting["enum"])
    words: str = setting["type"]
    if "minimum" in setting:
        words += f" {setting['minimum']:,} to {setting['maximum']:,}"
    elif "exclusiveMinimum" in setting:
        words += f" above {setting['exclusiveMinimum']:,}, up to {setting['maximum']:,}"
    return words


if __name__ == "__main__":
    main()
