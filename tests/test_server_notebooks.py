"""Notebooks: cells are documents, and a fill in one sees the others; over a real subprocess with a scripted model."""

import json
import sys
from collections.abc import Iterator
from itertools import count

import pytest
from lsp_client import CAPABILITIES, Client, Json, fill_span, inline, script, serving, span, typed

from dgls.infill.request import Gap
from dgls.server.notebooks import language_in, readable
from dgls.syntax import language_of
from dgls.syntax.sites import troubles
from dgls.text import Document

NOTEBOOKS: Json = {**CAPABILITIES, "notebookDocument": {"synchronization": {}}}
CODE, MARKUP = 2, 1
ECHO = script(echo=True)
numbers = count()


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    patient = {"infill": {"deadline_ms": 600_000}}
    with serving(capabilities=NOTEBOOKS, initializationOptions=patient) as client:
        client.ready()
        yield client


class Notebook:
    """A notebook in an editor."""

    def __init__(self, client: Client, *cells: tuple[int, str, str]) -> None:
        self.client = client
        self.uri = f"file:///project/notes{next(numbers)}.ipynb"
        self.cells = [self.cell(number) for number in range(len(cells))]
        items = [self.item(number, language, text) for number, (_, language, text) in enumerate(cells)]
        listed = [
            {"kind": kind, "document": uri} for (kind, _, _), uri in zip(cells, self.cells, strict=True)
        ]
        document = {"uri": self.uri, "notebookType": "jupyter-notebook", "version": 1, "cells": listed}
        client.notify("notebookDocument/didOpen", {"notebookDocument": document, "cellTextDocuments": items})

    def cell(self, number: int) -> str:
        return self.uri.replace("file:", "vscode-notebook-cell:") + f"#{number}"

    def item(self, number: int, language: str, text: str) -> Json:
        return {"uri": self.cell(number), "languageId": language, "version": 1, "text": text}

    def change(self, **cells: object) -> None:
        identity = {"uri": self.uri, "version": 2}
        change = {"cells": cells}
        self.client.notify("notebookDocument/didChange", {"notebookDocument": identity, "change": change})

    def asked(self, cell: int, line: int, character: int) -> Json:
        """What the model is asked for ghost text in a cell."""
        [item] = self.client.result(self.client.request(*inline(self.cell(cell), line, character)))
        assert item["range"] == span((line, character), (line, character)), "offsets are those of the cell"
        asked: Json = json.loads(item["insertText"])
        return asked


def test_14_the_other_cells_of_the_same_language_are_context(client: Client) -> None:
    """twinny#430, continue#1400: a cell was completed as if it stood alone."""
    notebook = Notebook(
        client,
        (CODE, "python", ECHO + "import pandas as pd\n"),
        (MARKUP, "markdown", "# Prices"),
        (CODE, "r", "library(dplyr)"),
        (CODE, "python", "frame = pd."),
        (CODE, "python", "frame.plot()"),
    )
    asked = notebook.asked(3, 0, 11)
    above, below = asked["text"][: asked["gap"][0]], asked["text"][asked["gap"][1] :]
    assert above == ECHO + "import pandas as pd\n\nframe = pd."
    assert below == "\n\nframe.plot()"
    assert asked["language"] == "python" and asked["path"].endswith(".ipynb")


def test_cells_that_are_typed_in_moved_added_and_taken_away_are_followed(client: Client) -> None:
    notebook = Notebook(client, (CODE, "python", ECHO), (CODE, "python", "a = 1"), (CODE, "python", "x"))

    def seen() -> str:
        text: str = notebook.asked(2, 0, 1)["text"]
        return text.removeprefix(ECHO)

    assert seen() == "\na = 1\n\nx"
    document = {"uri": notebook.cell(1), "version": 2}
    notebook.change(textContent=[{"document": document, "changes": [typed(0, 5, "00")]}])
    assert seen() == "\na = 100\n\nx"
    added = {"kind": CODE, "document": notebook.cell(3)}
    notebook.change(
        structure={
            "array": {"start": 1, "deleteCount": 1, "cells": [added]},
            "didOpen": [notebook.item(3, "python", "b = 2")],
            "didClose": [{"uri": notebook.cell(1)}],
        }
    )
    assert seen() == "\nb = 2\n\nx"
    last = {"kind": CODE, "document": notebook.cell(2)}
    notebook.change(structure={"array": {"start": 2, "deleteCount": 1, "cells": []}})
    notebook.change(structure={"array": {"start": 1, "deleteCount": 0, "cells": [last]}})
    assert seen() == "\nx\n\nb = 2", "a cell may move"


def test_an_edit_touches_the_one_cell_only(client: Client) -> None:
    notebook = Notebook(
        client, (CODE, "python", script(fills=["y"]) + "a = 1\n"), (CODE, "python", "b = x\nc = 3\n")
    )
    request = client.request(*fill_span(notebook.cell(1), (0, 4), (0, 5)))
    edit = client.incoming("workspace/applyEdit")
    client.reply(edit, {"applied": True})
    assert client.result(request)["applied"]
    [change] = edit["params"]["edit"]["documentChanges"]
    assert change["textDocument"] == {"uri": notebook.cell(1), "version": 1}
    assert change["edits"] == [{"range": span((0, 4), (0, 5)), "newText": "y"}]


def test_holes_that_the_model_finds_are_those_of_the_cell(client: Client) -> None:
    first = script(gaps=[[200, 203]], fills=["y"])
    notebook = Notebook(
        client, (CODE, "python", first + "#" * (190 - len(first))), (CODE, "python", "fill ... in")
    )
    arguments = [{"uri": notebook.cell(1)}]
    request = client.request(
        "workspace/executeCommand", {"command": "dgls.fillHoles", "arguments": arguments}
    )
    edit = client.incoming("workspace/applyEdit")
    client.reply(edit, {"applied": True})
    client.result(request)
    [change] = edit["params"]["edit"]["documentChanges"]
    assert change["edits"] == [{"range": span((0, 8), (0, 11)), "newText": "y"}], (
        "200 = 190 + 2 line ends + 8"
    )


def test_a_closed_notebook_is_forgotten_with_its_cells(client: Client) -> None:
    notebook = Notebook(client, (CODE, "python", "x"))
    identities = [{"uri": uri} for uri in notebook.cells]
    client.notify("notebookDocument/didSave", {"notebookDocument": {"uri": notebook.uri}})
    client.notify(
        "notebookDocument/didClose",
        {"notebookDocument": {"uri": notebook.uri}, "cellTextDocuments": identities},
    )
    error = client.error(client.request(*inline(notebook.cell(0), 0, 0)))
    assert "is not open" in error["message"]


def test_notebooks_are_offered_to_clients_that_have_them(client: Client) -> None:
    assert client.answers["capabilities"]["notebookDocumentSync"] == {
        "notebookSelector": [{"notebook": "*"}],
        "save": True,
    }


def test_a_magic_offers_no_repair(client: Client) -> None:
    notebook = Notebook(client, (CODE, "python", "%matplotlib inline\n!ls\nx = 1\n"))
    params = {
        "textDocument": {"uri": notebook.cell(0)},
        "range": span((0, 3), (1, 3)),
        "context": {"diagnostics": [], "only": ["quickfix"]},
    }
    assert client.result(client.request("textDocument/codeAction", params)) == []


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("%matplotlib inline\nx = 1", "#matplotlib inline\nx = 1"),
        ("!pip install foo && bar\nx", "#pip install foo && bar\nx"),
        ("%%time\nx = 1", "#%time\nx = 1"),
        ("if x:\n    !ls -la", "if x:\n    0#s -la"),
        ("names = !ls", "names = 0#s"),
        ("used = %timeit -o f()", "used = 0#imeit -o f()"),
        ("?print\nprint?\nnp.sum??", "#print\nprint \nnp.sum  "),
        ("x = a\\\n    % b", "x = a\\\n    % b"),
        ("x != y\nz %= 2", "x != y\nz %= 2"),
    ],
)
def test_what_is_ipython_alone_parses_as_comments_of_the_same_length(cell: str, read: str) -> None:
    document = Document.of("cell", "python", 1, cell)
    python = language_of("python", "")
    assert python is not None
    assert readable(document) == read and len(read) == len(cell)
    assert not troubles(read, python)
    assert readable(document, [Gap(0, len(cell))]) == cell, "what is to be filled stays as it is"
    assert readable(Document.of("cell", "r", 1, cell)) == cell


def test_a_cell_in_another_language_is_that_and_no_context() -> None:
    cell = Document.of("cell", "python", 1, "%%bash\nls -la\n")
    assert language_in(cell) == "shellscript"
    assert readable(cell) == "      \nls -la\n"
    assert language_in(Document.of("cell", "python", 1, "%%time\nx")) == "python"


SERVER = [sys.executable, "-m", "dgls", "serve", "--set=model.threads=1"]


def test_with_the_checkpoint_that_ships_a_fill_is_judged_by_its_cell_alone() -> None:
    with serving(SERVER, capabilities=NOTEBOOKS) as client:
        notebook = Notebook(
            client,
            (CODE, "python", "%matplotlib inline\nimport json\n"),
            (CODE, "python", "def load(path):\n    with open(path) as handle:\n        return \n\n!ls\n"),
            (CODE, "python", "def this is no Python (\n"),
        )
        request = client.request(*fill_span(notebook.cell(1), (2, 15), (2, 15)))
        edit = client.message(
            lambda message: message.get("method") == "workspace/applyEdit" or message.get("id") == request
        )
        assert edit.get("method"), edit
        client.reply(edit, {"applied": True})
        result = client.result(request)
        assert result["applied"] and result["validated"]
        [change] = edit["params"]["edit"]["documentChanges"]
        assert change["edits"][0]["range"] == span((2, 15), (2, 15))
