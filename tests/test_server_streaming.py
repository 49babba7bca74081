"""Streaming edits over a real subprocess with a scripted model."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lsp_client import (
    CAPABILITIES,
    REQUEST_CANCELLED,
    REQUEST_FAILED,
    Client,
    Json,
    fill_span,
    script,
    serving,
    span,
    wait_for,
)

from dgls.text import Document, Edit, Position

EDITS = {"server": {"stream": "edits"}}
SETTLED, NOISE = 0.9, ("zzz", None)
DRAFTS = [
    [("return ", SETTLED), NOISE],
    [("return ", SETTLED), NOISE, (")", SETTLED)],
    [("return ", SETTLED), NOISE, ("(items)", SETTLED)],
    [("return ", SETTLED), ("sum", SETTLED), ("(items)", SETTLED)],
]
CODE = "before\ndef total(items):\n    ...\nafter\n"
numbers = itertools.count()


class Editor:
    """An editor without previews, with one document in it, that applies the edits it is asked for.

    One that does not take ``versions`` knows nothing of `documentChanges`.
    """

    def __init__(
        self,
        client: Client,
        gate: Path,
        *,
        folder: str = "file:///project",
        versions: bool = True,
        **directives: Any,
    ) -> None:
        self.client, self.gate, self.versions = client, gate, versions
        self.first = script(gate=str(gate), drafts=DRAFTS, **directives)
        uri = f"{folder}/streamed{next(numbers)}.py"
        self.document = Document.of(uri, "python", 1, self.first + CODE)
        client.open(uri, self.document.text)

    def fill(self, token: str | None = None) -> int:
        arguments = [{"uri": self.document.uri, "range": span((3, 4), (3, 7))}]
        params = {"command": "dgls.fill", "arguments": arguments}
        return self.client.request(
            "workspace/executeCommand", params if token is None else {**params, "workDoneToken": token}
        )

    def step(self, *steps: int) -> None:
        for step in steps:
            (self.gate / f"step{step}").touch()

    def take(self, *, tell_first: bool = True, one_by_one: bool = False) -> str:
        """Apply the next edit; answers the code then."""
        edit = self.client.incoming("workspace/applyEdit")
        if not tell_first:
            self.client.reply(edit, {"applied": True})
        edits = reversed(self._edits_of(edit["params"]["edit"]))
        changes = [{"range": own["range"], "text": own["newText"]} for own in edits]
        for told in [[own] for own in changes] if one_by_one else [changes]:
            self.change(*told)
        if tell_first:
            self.client.reply(edit, {"applied": True})
        return self.code

    def _edits_of(self, edit: Json) -> list[Json]:
        if not self.versions:
            [(uri, edits)] = edit["changes"].items()
            assert uri == self.document.uri
            return list(edits)
        [change] = edit["documentChanges"]
        assert change["textDocument"] == {"uri": self.document.uri, "version": self.document.version}
        return list(change["edits"])

    def take_if_it_is_for_now(self) -> None:
        """Apply the next edit, or refuse it if the document is another version by now."""
        edit = self.client.incoming("workspace/applyEdit")
        [change] = edit["params"]["edit"]["documentChanges"]
        current = change["textDocument"]["version"] == self.document.version
        if current:
            self.change(*({"range": own["range"], "text": own["newText"]} for own in change["edits"]))
        self.client.reply(edit, {"applied": current})

    def refuse(self, reason: str = "it is read-only") -> None:
        edit = self.client.incoming("workspace/applyEdit")
        self.client.reply(edit, {"applied": False, "failureReason": reason})

    def change(self, *changes: Json) -> None:
        version = self.document.version + 1
        edits = [
            Edit(change["text"], Position(**change["range"]["start"]), Position(**change["range"]["end"]))
            for change in changes
        ]
        self.document = self.document.edited(version, edits, "utf-16")
        self.client.change(self.document.uri, version, *changes)

    def type(self, line: int, character: int, text: str) -> None:
        self.change({"range": span((line, character), (line, character)), "text": text})

    @property
    def code(self) -> str:
        return self.document.text.removeprefix(self.first)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with serving(initializationOptions=EDITS) as client:
        loaded(client)
        yield client


def loaded(client: Client) -> None:
    """Wait until the model is loaded."""
    uri = "file:///loaded.py"
    client.open(uri, script(fills=[]))
    client.result(client.request(*fill_span(uri, (0, 0), (0, 0))))
    client.shown()
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})


@pytest.fixture
def editor(client: Client, tmp_path: Path) -> Iterator[Editor]:
    editor = Editor(client, tmp_path, fills=["return sum(items)"])
    yield editor
    editor.step(1, 2, 3, 4)
    assert client.untaken("workspace/applyEdit") == [], "nothing was written after the end"


def begun(editor: Editor, token: str | None = None) -> int:
    """A fill of which a part is written."""
    request = editor.fill(token)
    editor.step(1, 2)
    assert editor.take() == CODE.replace("...", "return ")
    return request


def test_the_gap_grows_where_two_frames_agree_and_ends_as_the_fill(editor: Editor) -> None:
    request = begun(editor)
    editor.step(3)
    assert editor.take(tell_first=False) == CODE.replace("...", "return )")
    editor.step(4)
    assert editor.take() == CODE.replace("...", "return (items)")
    assert editor.take() == CODE.replace("...", "return sum(items)")
    result = editor.client.result(request)
    assert result["applied"] and result["validated"]
    assert editor.document.version == 5


def test_the_last_fill_is_known_after_a_stream_and_drawn_again_in_one(client: Client, tmp_path: Path) -> None:
    editor = Editor(client, tmp_path, echo=True)
    request = begun(editor)
    editor.step(3, 4)
    while "echo" not in editor.code and '"gaps"' not in editor.code:
        editor.take()
    assert client.result(request)["applied"]
    filled = editor.code
    params = {"command": "dgls.redenoise", "arguments": [{"uri": editor.document.uri}]}
    request = client.request("workspace/executeCommand", params)
    while (now := editor.take()).count('"seed": 1') == 0:
        assert now.startswith("before\n") and now.endswith("\nafter\n")
    assert client.result(request)["applied"] and now != filled
    start = len(editor.first) + CODE.index("...")
    assert f'"gaps": [[{start}, {start + len(filled) - len(CODE) + 3}]]' in now, "all of it, where it stood"


def test_no_valid_fill_restores_the_original_to_the_byte(client: Client, tmp_path: Path) -> None:
    editor = Editor(client, tmp_path, fills=[])
    request = begun(editor)
    editor.step(3, 4)
    while editor.code != CODE:
        editor.take()
    result = client.result(request)
    assert (result["applied"], result["reason"]) == (False, "no new text was found that is valid here")
    assert client.shown() == "dgls.fill: no new text was found that is valid here"


def test_a_model_that_runs_out_of_memory_in_a_step_leaves_the_original(
    client: Client, tmp_path: Path
) -> None:
    editor = Editor(client, tmp_path, breaks="no room for 3 tensors")
    request = begun(editor)
    editor.step(3, 4)
    while editor.code != CODE:
        editor.take()
    error = client.error(request)
    assert error["code"] == REQUEST_FAILED
    assert error["message"] == "the fill failed: MemoryError: no room for 3 tensors" == client.shown()


@pytest.mark.parametrize("button", [False, True])
def test_a_cancel_restores_the_original(editor: Editor, button: bool) -> None:
    request = begun(editor, "mine")
    if button:
        editor.client.notify("window/workDoneProgress/cancel", {"token": "mine"})
    else:
        editor.client.cancel(request)
    editor.client.catch_up()
    editor.step(3)
    assert editor.take() == CODE
    assert editor.client.error(request)["code"] == REQUEST_CANCELLED


def test_a_keystroke_elsewhere_ends_the_stream_and_is_kept(editor: Editor) -> None:
    request = begun(editor)
    editor.type(1, 0, "typed ")
    editor.type(4, 5, " too")
    after = CODE.replace("before", "typed before").replace("after", "after too")
    while editor.code != after:
        editor.take_if_it_is_for_now()
    result = editor.client.result(request)
    assert (result["applied"], result["reason"]) == (False, "the document was changed meanwhile")
    assert editor.client.shown() == "dgls.fill: the document was changed meanwhile"


@pytest.mark.parametrize(("character", "code"), [(4, "    X..."), (11, "    ...X")])
def test_a_keystroke_at_an_edge_stays_there(editor: Editor, character: int, code: str) -> None:
    request = begun(editor)
    editor.type(3, character, "X")
    assert editor.take() == CODE.replace("    ...", code)
    assert editor.client.result(request)["reason"] == "the document was changed meanwhile"
    editor.client.shown()


def test_a_keystroke_in_the_gap_ends_the_stream_and_what_is_seen_stays(editor: Editor) -> None:
    request = begun(editor)
    editor.type(3, 6, "X")
    reason = editor.client.result(request)["reason"]
    assert "what is there now is left as it is, and undo brings the original back" in reason
    assert reason in editor.client.shown()
    assert editor.code == CODE.replace("...", "reXturn ")


def test_undo_in_the_editor_is_taken_as_the_end(editor: Editor) -> None:
    request = begun(editor)
    editor.change({"range": span((3, 4), (3, 11)), "text": "..."})
    assert editor.client.result(request)["reason"] == "the document was changed meanwhile"
    editor.client.shown()


def test_a_formatter_that_runs_on_save_loses_nothing(editor: Editor) -> None:
    request = begun(editor)
    editor.client.notify("textDocument/didSave", {"textDocument": {"uri": editor.document.uri}})
    editor.change(
        {"range": span((4, 0), (4, 5)), "text": "\n\nAFTER"},
        {"range": span((1, 0), (1, 6)), "text": "BEFORE\n"},
    )
    assert editor.take() == "BEFORE\n\ndef total(items):\n    ...\n\n\nAFTER\n"
    assert editor.client.result(request)["reason"] == "the document was changed meanwhile"
    editor.client.shown()


def test_a_formatter_that_changes_the_gap_too_is_left_its_work(editor: Editor) -> None:
    request = begun(editor)
    editor.change(
        {"range": span((3, 10), (3, 11)), "text": ""},
        {"range": span((1, 0), (1, 6)), "text": "BEFORE\n"},
    )
    assert "undo brings the original back" in editor.client.result(request)["reason"]
    editor.client.shown()


def test_a_document_that_cannot_be_changed_is_left_alone(editor: Editor) -> None:
    request = editor.fill()
    editor.step(1, 2)
    editor.refuse()
    result = editor.client.result(request)
    assert result["reason"] == "the editor did not apply the edit: it is read-only"
    editor.client.shown()


def test_a_document_that_becomes_read_only_in_mid_stream_is_said_to_be_unfinished(editor: Editor) -> None:
    request = begun(editor)
    editor.step(3)
    editor.refuse()
    editor.refuse()  # the original does not get in either
    reason = editor.client.result(request)["reason"]
    assert reason.startswith("the editor did not apply the edit: it is read-only; ") and "undo" in reason
    editor.client.shown()


def test_a_closed_document_is_not_touched_again(editor: Editor) -> None:
    request = begun(editor)
    editor.client.notify("textDocument/didClose", {"textDocument": {"uri": editor.document.uri}})
    reason = editor.client.result(request)["reason"]
    assert reason.startswith("the document was closed meanwhile; ") and "undo" in reason
    editor.client.shown()


@pytest.mark.parametrize("closed", [True, False])
def test_before_anything_is_written_there_is_nothing_to_undo(editor: Editor, closed: bool) -> None:
    request = editor.fill()
    wait_for(editor.gate / "begun")
    if closed:
        editor.client.notify("textDocument/didClose", {"textDocument": {"uri": editor.document.uri}})
    else:
        editor.type(3, 5, "X")
    reason = editor.client.result(request)["reason"]
    assert reason == f"the document was {'closed' if closed else 'changed'} meanwhile"
    editor.client.shown()


@pytest.mark.parametrize("lacks", ["documentChanges", "the setting"])
def test_without_versions_or_the_setting_there_is_one_edit_at_the_end(tmp_path: Path, lacks: str) -> None:
    plain: Json = {**CAPABILITIES, "workspace": {"applyEdit": True}}
    capabilities = plain if lacks == "documentChanges" else CAPABILITIES
    options = {} if lacks == "the setting" else EDITS
    with serving(capabilities=capabilities, initializationOptions=options) as client:
        loaded(client)
        editor = Editor(client, tmp_path, versions=lacks != "documentChanges", fills=["return sum(items)"])
        request = editor.fill()
        editor.step(1, 2, 3, 4)
        assert editor.take() == CODE.replace("...", "return sum(items)")
        assert client.result(request)["applied"]
        assert client.untaken("workspace/applyEdit") == []


def test_a_project_says_that_its_edits_are_streamed(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.dgls.server]\nstream = 'edits'\n")
    with serving(workspaceFolders=[{"uri": tmp_path.as_uri(), "name": "project"}]) as client:
        loaded(client)
        editor = Editor(client, tmp_path, folder=tmp_path.as_uri(), fills=["return sum(items)"])
        request = begun(editor)
        editor.step(3, 4)
        while editor.code != CODE.replace("...", "return sum(items)"):
            editor.take()
        assert client.result(request)["applied"]


def test_holes_stream_into_all_gaps_and_those_without_a_fill_are_restored(
    client: Client, tmp_path: Path
) -> None:
    editor = Editor(client, tmp_path, fills=["x"], gaps=[[600, 601], [602, 603]])
    pad = "#" * (599 - len(editor.first)) + "\n"
    editor.change({"range": span((1, 0), (5, 0)), "text": pad + "a b\n"})
    params = {"command": "dgls.fillHoles", "arguments": [{"uri": editor.document.uri}]}
    request = client.request("workspace/executeCommand", params)
    editor.step(1, 2)
    assert editor.take() == pad + "return  return \n"
    editor.step(3, 4)
    while editor.code != pad + "x x\n":
        editor.take(one_by_one=True)  # as an editor may tell of one edit after the other
    assert client.result(request)["applied"]
