"""Documents that are printed from the code say what the code says, and links lead somewhere."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest

from dgls.server.messages import FillArguments, FillResult, FrameParams, Improved, Item, StatusParams

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    ROOT / "grammars" / "README.md",
    ROOT / "editors" / "vscode" / "README.md",
    *sorted(DOCS.glob("*.md")),
]
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

EXAMPLES: dict[str, list[type[msgspec.Struct]]] = {
    "Ghost text": [Item],
    "Commands": [FillArguments, FillResult],
    "`dgls/frame` (notification, server to client)": [FrameParams],
    "`dgls/improved` (notification, server to client)": [Improved, Item],
    "`dgls/status` (notification, server to client; request, client to server)": [StatusParams, StatusParams],
}
"""What stands in the JSON of each part of the protocol's page, in order."""


def anchors(page: Path) -> set[str]:
    """What a page's headings are called in links."""
    names = HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", name.lower()).replace(" ", "-") for name in names}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_within_the_repository_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        name, _, anchor = link.partition("#")
        if ":" in name:
            continue
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_readme_names_every_language_that_can_be_installed() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    languages = {extra.removeprefix("dgls[").removesuffix("]") for extra in extras["all"]}
    [row] = re.findall(r'^\| `pip install "dgls\[all\]".*$', (ROOT / "README.md").read_text(), re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", row)) == languages
    assert {path.parent.name for path in (ROOT / "grammars").glob("*/language.toml")} == {
        *languages,
        "python",
    }


def test_the_settings_page_is_the_schema() -> None:
    printed = subprocess.run(
        [sys.executable, DOCS / "settings.py"], capture_output=True, text=True, check=True
    )
    assert printed.stdout == (DOCS / "settings.md").read_text(encoding="utf-8"), (
        "run: python docs/settings.py > docs/settings.md"
    )


def test_the_extension_for_vs_code_declares_the_schema() -> None:
    script = ROOT / "editors" / "vscode" / "settings.py"
    checked = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_examples_of_the_protocol_are_its_messages() -> None:
    found: dict[str, list[object]] = {}
    for part in re.split(r"^## ", (DOCS / "protocol.md").read_text(encoding="utf-8"), flags=re.MULTILINE):
        for block in re.findall(r"^```json\n(.*?)^```", part, re.MULTILINE | re.DOTALL):
            # One message, or one in each line.
            texts = block.splitlines() if block.startswith('{"state"') else [block]
            messages = found.setdefault(part.partition("\n")[0], [])
            for message in map(json.loads, texts):
                messages += [message, *message.get("items", [])]
    assert found.keys() == EXAMPLES.keys()
    for part, kinds in EXAMPLES.items():
        for given, kind in zip(found[part], kinds, strict=True):
            assert isinstance(given, dict)
            message = json.loads(msgspec.json.encode(msgspec.convert(given, kind)))
            assert {**message, **given} == message, f"what {part} shows is no {kind.__name__}"
            assert given.keys() == message.keys() or kind is FillArguments, f"{part} leaves out what is sent"
