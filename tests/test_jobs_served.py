"""The jobs as an editor has them: the real server and the checkpoint that ships, over a pipe."""

import sys
from collections.abc import Iterator
from itertools import count

import pytest
from lsp_client import CAPABILITIES, REQUEST_FAILED, Client, Json, serving, span

from dgls.infill.request import Gap
from dgls.syntax import Language, find_holes, language_of
from dgls.syntax.sites import troubles
from dgls.text import Document, Edit, Position

SERVER = [sys.executable, "-m", "dgls", "serve", "--set=model.threads=1", "--set=server.log_level=debug"]
SERVER += ["--set=infill.command_deadline_ms=600000"]  # what a slow machine does not reach would not repeat
FRAMES = {**CAPABILITIES, "experimental": {"dgls": {"frames": True}}}
SECRET = "swordfish"
SOURCE = f'''import json


class Store:
    def __init__(self, path):
        self.path = path
        self.{SECRET} = {{}}

    def load(self):
        """Read the items from the file."""
        ...

    def save(self):
        with open(self.path, "w") as handle:
            json.dump(self.{SECRET}, handle)

    def get(self, key, default=None):
        pass
'''
numbers = count()
python = language_of("python", "")
assert python is not None
PYTHON: Language = python


class Editor:
    """A document in an editor that applies what it is asked to, and tells the server."""

    def __init__(self, client: Client, text: str, language: str = "python") -> None:
        self.client = client
        self.document = Document.of(f"file:///{next(numbers)}/store.py", language, 1, text)
        client.open(self.document.uri, text, language)

    def run(self, name: str, **arguments: object) -> Json:
        """A command; its edits are applied as one change, if it has any."""
        asked = {"uri": self.document.uri, **arguments}
        params = {"command": f"dgls.{name}", "arguments": [asked]}
        request = self.client.request("workspace/executeCommand", params)
        message = self.client.message(
            lambda message: message.get("method") == "workspace/applyEdit" or message.get("id") == request
        )
        if "method" not in message:
            result: Json = message["result"]
            return result
        [change] = message["params"]["edit"]["documentChanges"]
        assert change["textDocument"] == {"uri": self.document.uri, "version": self.document.version}
        self.apply(change["edits"])
        self.client.reply(message, {"applied": True})
        result = self.client.result(request)
        assert result["applied"]
        return result

    def apply(self, edits: list[Json]) -> None:
        edits = sorted(edits, key=lambda edit: tuple(edit["range"]["start"].values()), reverse=True)
        changes = [{"range": edit["range"], "text": edit["newText"]} for edit in edits]
        version = self.document.version + 1
        self.client.change(self.document.uri, version, *changes)
        own = [
            Edit(edit["newText"], Position(**edit["range"]["start"]), Position(**edit["range"]["end"]))
            for edit in edits
        ]
        self.document = self.document.edited(version, own, "utf-16")

    def range(self, gap: Gap) -> Json:
        return span(*(self.document.position(offset, "utf-16") for offset in gap))


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with serving(SERVER, capabilities=FRAMES) as client:
        yield client
        client.end()
        assert SECRET.encode() not in client.log, "no text of a document is logged"


def test_all_holes_of_a_document_are_filled_by_one_edit_that_parses(client: Client) -> None:
    holes = find_holes(SOURCE, PYTHON)
    editor = Editor(client, SOURCE)
    result = editor.run("fillHoles")
    assert result["validated"] and len(result["fills"][0]["edits"]) + result["left"] == len(holes) == 2
    after = editor.document.text
    assert troubles(after, PYTHON) == []
    pieces = [SOURCE[: holes[0].start], SOURCE[holes[0].end : holes[1].start], SOURCE[holes[1].end :]]
    if not result["left"]:
        assert after.startswith(pieces[0]) and pieces[1] in after and after.endswith(pieces[2])
    frame = client.incoming("dgls/frame")["params"]
    assert [draft["range"] for draft in frame["drafts"]] == [
        Editor(client, SOURCE).range(hole) for hole in holes
    ]
    again = Editor(client, SOURCE)
    again.run("fillHoles")
    assert again.document.text == after, "the same document and seed give the same bytes"


def test_a_cursor_means_the_function_around_it(client: Client) -> None:
    editor = Editor(client, SOURCE)
    inside = SOURCE.index("default=None")
    result = editor.run("fillHoles", range=editor.range(Gap(inside, inside)))
    assert len(result["fills"][0]["edits"]) + result["left"] == 1
    assert "        ...\n" in editor.document.text


def test_a_fault_is_mended_by_the_smallest_edit(client: Client) -> None:
    editor = Editor(
        client, SOURCE.replace("def save(self):", "def save(self:").replace("handle)", "handle", 1)
    )
    result = editor.run("repair")
    assert editor.document.text == SOURCE
    assert [edit["newText"] for edit in result["fills"][0]["edits"]] == [")", ")"]
    assert editor.run("repair")["reason"] == "there is nothing here that does not parse"


def test_a_polish_keeps_most_and_the_last_fill_is_drawn_again(client: Client) -> None:
    editor = Editor(client, SOURCE)
    start = SOURCE.index("with open")
    selected = Gap(start, SOURCE.index("\n\n    def get"))
    result = editor.run("rewrite", range=editor.range(selected), strength=0.15)
    if result["fills"]:
        assert troubles(editor.document.text, PYTHON) == []
        assert editor.document.text.startswith(SOURCE[:start])
        assert editor.document.text.endswith(SOURCE[selected.end :])
        first = editor.document.text
        editor.run("redenoise")
        assert editor.document.text.startswith(SOURCE[:start])
        assert editor.document.text.endswith(SOURCE[selected.end :])
        assert troubles(first, PYTHON) == troubles(editor.document.text, PYTHON) == []


def test_a_part_of_the_last_fill_is_drawn_again_and_all_else_kept(client: Client) -> None:
    editor = Editor(client, SOURCE)
    hole = find_holes(SOURCE, PYTHON)[0]
    editor.run("fill", range=editor.range(hole))
    filled = editor.document.text
    end = len(filled) - (len(SOURCE) - hole.end)
    part = Gap(hole.start, (hole.start + end + 1) // 2)
    editor.run("redenoise", ranges=[editor.range(part)])
    assert editor.document.text.startswith(filled[: part.start])
    assert editor.document.text.endswith(filled[part.end :])


def test_pins_survive_and_candidates_are_the_clients_to_choose_from(client: Client) -> None:
    editor = Editor(client, SOURCE)
    start = SOURCE.index("with open")
    pin = Gap(SOURCE.index("as handle"), SOURCE.index("as handle") + len("as handle"))
    selected = editor.range(Gap(start, SOURCE.index("\n\n    def get")))
    asked = {"range": selected, "pins": [editor.range(pin)], "candidates": 6}
    result = editor.run("fill", **asked, apply=False)
    assert not result["applied"] and editor.document.text == SOURCE
    for fill in result["fills"]:
        mine = Editor(client, SOURCE)
        mine.apply(fill["edits"])
        assert "as handle" in mine.document.text[start:]
        assert troubles(mine.document.text, PYTHON) == []


def test_without_a_grammar_holes_are_refused_with_a_reason(client: Client) -> None:
    client.open("file:///project/a.klingon", "tlh ...", "klingon")
    params = {"command": "dgls.fillHoles", "arguments": [{"uri": "file:///project/a.klingon"}]}
    error = client.error(client.request("workspace/executeCommand", params))
    assert error["code"] == REQUEST_FAILED
    assert "holes cannot be found: dgls has no grammar for klingon" in error["message"]


@pytest.mark.parametrize("name", ["fillHoles", "repair"])
def test_a_pathological_document_gets_a_bounded_answer(client: Client, name: str) -> None:
    client.open(uri := f"file:///project/deep{name}.py", "(" * 100_000)
    params = {"command": f"dgls.{name}", "arguments": [{"uri": uri}]}
    response = client.response(client.request("workspace/executeCommand", params))
    assert "in time" in response["error"]["message"] if "error" in response else response["result"]["reason"]
