"""Write the server's settings into package.json, from the schema that ``docs/settings.py --json`` prints.

``python editors/vscode/settings.py`` writes; with ``--check`` it writes nothing and fails where it would have to.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SCHEMA = HERE.parents[1] / "docs" / "settings.py"
MANIFEST = HERE / "package.json"

HEADINGS = {
    "infill": "Infilling",
    "inline": "Ghost text",
    "context": "Context",
    "model": "Model",
    "server": "Server",
}
OWN = 1
"""The first heading is the extension's own."""

KNOWN = ("type", "default", "enum", "items", "minimum", "exclusiveMinimum", "maximum", "minLength", "scope")
"""What VS Code knows of a setting; the rest of the schema is for others."""


DEFAULTS = {"server.shared": True}
"""What this extension does otherwise where nobody has set anything: it opens many windows, and one model is enough."""


def main() -> None:
    """Write package.json, or check it."""
    before = MANIFEST.read_text(encoding="utf-8")
    after = with_settings(json.loads(before))
    if sys.argv[1:] != ["--check"]:
        MANIFEST.write_text(after, encoding="utf-8")
    elif after != before:
        sys.exit("editors/vscode/package.json lacks a setting: run python editors/vscode/settings.py")


def with_settings(manifest: dict[str, Any]) -> str:
    """``manifest`` with one heading per section of the schema, as text."""
    printed = subprocess.run([sys.executable, SCHEMA, "--json"], capture_output=True, text=True, check=True)
    schema: dict[str, dict[str, Any]] = json.loads(printed.stdout)
    sections: dict[str, dict[str, Any]] = {}
    for path, declared in schema.items():
        section = sections.setdefault(path.partition(".")[0], {})
        section[f"dgls.{path}"] = {
            **{key: declared[key] for key in KNOWN if key in declared},
            **({"default": DEFAULTS[path]} if path in DEFAULTS else {}),
            "markdownDescription": f"{declared['description'][0].upper()}{declared['description'][1:]}.",
        }
    contributes = manifest["contributes"]
    contributes["configuration"] = [
        *contributes["configuration"][:OWN],
        *({"title": HEADINGS.get(name, name), "properties": own} for name, own in sections.items()),
    ]
    manifest["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"] = [
        f"dgls.{path}" for path, declared in schema.items() if declared["scope"] != "machine"
    ]
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
