"""Documents that are printed from the code say what the code says, and links lead somewhere."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import pytest

from dgls.cli import main
from dgls.evaluation.command import evaluate
from dgls.evaluation.provenance import hash_of
from dgls.model.checkpoint import EMBEDDED
from dgls.server.messages import FillArguments, FillResult, FrameParams, Improved, Item, StatusParams
from dgls.training.command import train

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


def options_of(command: click.Command) -> set[str]:
    """What a command takes, or any command of a group."""
    own = {option for taken in command.params if isinstance(taken, click.Option) for option in taken.opts}
    inner = command.commands.values() if isinstance(command, click.Group) else ()
    return own.union(*map(options_of, inner))


def commands_in(page: str) -> Iterator[list[str]]:
    """The commands and options that a page shows, in words, in its text and in its blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    for shown in [*lines, *re.findall(r"`([^`]+)`", FENCE.sub("", page))]:
        if shown.startswith(("dgls ", "--")):
            yield shlex.split(shown, comments=True)


@pytest.mark.parametrize("page", ["evaluation.md", "results.md"])
def test_every_option_that_a_page_of_measurements_names_is_there(page: str) -> None:
    groups = {"eval": evaluate, "train": train}
    named = 0
    for words in commands_in((DOCS / page).read_text(encoding="utf-8")):
        command: click.Command = click.Group(commands={**main.commands, **groups})
        for word in words[1:] if words[0] == "dgls" else ():
            if isinstance(command, click.Group) and not word.startswith("-") and word != "…":
                assert word in command.commands, words
                command = command.commands[word]
        if words[0] != "dgls":
            command = click.Group(commands={"eval": evaluate, "bench": main.commands["bench"]})
        for option in (word.partition("=")[0] for word in words if word.startswith("--")):
            assert option in options_of(command), (option, words)
            named += 1
    assert named > 10


def test_every_command_that_measures_is_explained() -> None:
    page = (DOCS / "evaluation.md").read_text(encoding="utf-8")
    for name, command in evaluate.commands.items():
        assert f"`dgls eval {name}" in page, name
        for option in options_of(command) - {"--help"}:
            assert re.search(rf"`(dgls [^`]*)?{option}\b", page), f"{name} {option}"


def test_the_page_of_results_names_the_checkpoint_that_is_shipped() -> None:
    head = (DOCS / "results.md").read_text(encoding="utf-8").partition("\n## ")[0]
    assert hash_of(EMBEDDED) in head


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
