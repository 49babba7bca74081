"""Streaming edits over a real subprocess with a scripted model, and all orders of events in a simulated editor."""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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
from lsprotocol import types as lsp

from dgls.infill.request import Frame, Gap, Run
from dgls.server.asking import Ask, Wanted
from dgls.server.documents import Documents
from dgls.server.last_fill import LastFills
from dgls.server.messages import Position as Place
from dgls.server.messages import Range
from dgls.server.session import Session
from dgls.server.standing import Standing, agreed
from dgls.server.streaming import Stream
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
    """An editor without previews, with one document in it, that applies the edits it is asked for."""

    def __init__(self, client: Client, gate: Path, **directives: Any) -> None:
        self.client, self.gate = client, gate
        self.first = script(gate=str(gate), drafts=DRAFTS, **directives)
        uri = f"file:///project/streamed{next(numbers)}.py"
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
        [change] = edit["params"]["edit"]["documentChanges"]
        assert change["textDocument"] == {"uri": self.document.uri, "version": self.document.version}
        if not tell_first:
            self.client.reply(edit, {"applied": True})
        changes = [{"range": own["range"], "text": own["newText"]} for own in reversed(change["edits"])]
        for told in [[own] for own in changes] if one_by_one else [changes]:
            self.change(*told)
        if tell_first:
            self.client.reply(edit, {"applied": True})
        return self.code

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
        editor = Editor(client, tmp_path, fills=["return sum(items)"])
        request = editor.fill()
        editor.step(1, 2, 3, 4)
        assert editor.take() == CODE.replace("...", "return sum(items)")
        assert client.result(request)["applied"]
        assert client.untaken("workspace/applyEdit") == []


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


# What two frames agree on

RUNS = st.lists(
    st.tuples(st.text("ab \n", max_size=4), st.sampled_from([None, 0.5])).map(lambda run: Run(*run)),
    max_size=6,
)


@given(before=RUNS, after=RUNS)
def test_only_what_both_frames_have_settled_in_order_is_agreed_on(
    before: list[Run], after: list[Run]
) -> None:
    text = agreed(before, after)
    for draft in (before, after):
        rest = iter("".join(run.text for run in draft if run.confidence is not None))
        assert all(character in rest for character in text), "it is a part of both, in order"
    assert agreed(after, after) == "".join(run.text for run in after if run.confidence is not None)


@given(
    parts=st.tuples(st.text("op\n", max_size=6), st.text("gh", max_size=3), st.text("op\n", max_size=6)),
    change=st.tuples(st.integers(0, 15), st.integers(0, 15), st.text("XY\n", max_size=2)),
)
def test_what_a_stream_wrote_is_found_again_after_a_change_or_given_up(
    parts: tuple[str, str, str], change: tuple[int, int, str]
) -> None:
    before, own, after = parts
    standing = Standing(before + own + after, (Gap(len(before), len(before) + len(own)),))
    start, end = sorted(min(place, len(standing.text)) for place in change[:2])
    now = standing.text[:start] + change[2] + standing.text[end:]
    moved = standing.moved(now)
    if moved is not None:
        assert moved.own == (own,) and moved.text == now
    untouched = end <= len(before) or start >= len(before) + len(own)
    assert not untouched or moved is not None


# All orders of events


class Desk:
    """An editor and what of a session a stream uses, with every message between them held until it is let through.

    The document is ``left``, the gap and ``right``; in the gap, what the user typed is upper case.
    """

    def __init__(self, left: str, gap: str, right: str) -> None:
        self.left, self.gap, self.right = left, gap, right
        self.version = 1
        self.written = False
        self.documents = Documents()
        self.documents.open(lsp.TextDocumentItem("file:///a", "python", 1, self.text))
        self.fills = LastFills()
        self.streams: set[Stream] = set()
        self.to_editor: deque[tuple[lsp.ApplyWorkspaceEditParams, asyncio.Future[Any]]] = deque()
        self.to_server: deque[Callable[[], None]] = deque()

    @property
    def text(self) -> str:
        return self.left + self.gap + self.right

    # What a stream uses of its session

    def range(self, document: Document, gap: Gap) -> Range:
        return Range(*(Place(*document.position(offset, "utf-16")) for offset in gap))

    def workspace_apply_edit_async(self, params: lsp.ApplyWorkspaceEditParams) -> asyncio.Future[Any]:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.to_editor.append((params, answer))
        return answer

    # What happens in the editor

    def type(self, start: int, end: int, text: str) -> None:
        start, end = sorted(min(place, len(self.text)) for place in (start, end))
        low, high = len(self.left), len(self.left + self.gap)
        whole = self.text
        if start >= high:
            self.right = whole[high:start] + text + whole[end:]
        elif end <= low:
            self.left = whole[:start] + text + whole[end:low]
        else:
            self.gap = whole[low : max(start, low)] + text + whole[min(end, high) : high]
            self.left, self.right = whole[: min(start, low)], whole[max(end, high) :]
        self.tell()

    def tell(self, *replies: Callable[[], None], before: bool = True) -> None:
        self.version += 1
        version, text = self.version, self.text

        def changed() -> None:
            identity = lsp.VersionedTextDocumentIdentifier(version, "file:///a")
            whole = lsp.TextDocumentContentChangeWholeDocument(text)
            self.documents.change(lsp.DidChangeTextDocumentParams(identity, [whole]))
            for stream in list(self.streams):
                stream.see(self.documents.find("file:///a"))

        self.to_server.extend([*replies, changed] if before else [changed, *replies])

    def apply(self, reply_first: bool) -> None:
        """Apply the next edit, if it is for this version."""
        params, answer = self.to_editor.popleft()
        [change] = cast(list[lsp.TextDocumentEdit], params.edit.document_changes)
        if change.text_document.version != self.version:
            self.to_server.append(lambda: answer.set_result(lsp.ApplyWorkspaceEditResult(False)))
            return
        document = Document.of("file:///a", "python", 1, self.text)
        [edit] = cast(list[lsp.TextEdit], change.edits)
        start, end = (
            document.offset(Position(place.line, place.character), "utf-16") - len(self.left)
            for place in (edit.range.start, edit.range.end)
        )
        self.written = True
        assert 0 <= start <= end <= len(self.gap), "a byte outside the gap was changed"
        assert not any(map(str.isupper, self.gap[start:end])), "a keystroke was lost"
        self.gap = self.gap[:start] + edit.new_text + self.gap[end:]
        self.tell(lambda: answer.set_result(lsp.ApplyWorkspaceEditResult(True)), before=reply_first)


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("frame"), st.lists(st.sampled_from(["a", "b", "ab", "?"]), max_size=4)),
        st.tuples(st.just("editor"), st.booleans()),
        st.tuples(st.just("server"), st.none()),
        st.tuples(st.just("type"), st.tuples(st.integers(0, 14), st.integers(0, 3), st.text("XY", max_size=2))),
        st.tuples(st.just("turn"), st.none()),
    ),
    max_size=30,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    parts=st.tuples(st.text("op\n", max_size=5), st.text("gh", max_size=3), st.text("op\n", max_size=5)),
    events=EVENTS,
    fill=st.sampled_from([None, "", "a", "bab"]),
)
def test_no_order_of_events_changes_a_byte_outside_the_gap_or_loses_one(
    parts: tuple[str, str, str], events: list[tuple[str, Any]], fill: str | None
) -> None:
    left, gap, right = parts

    async def run() -> None:
        desk = Desk(left, gap, right)
        session = cast(Session, desk)
        snapshot = desk.documents.get("file:///a")
        ask = Ask(snapshot, Wanted((Gap(len(left), len(left) + len(gap)),)), 1, "command", 0)
        stream = Stream(session, ask, "a stream")
        typed = ""

        async def turn() -> None:
            for _ in range(5):
                await asyncio.sleep(0)

        for name, detail in events:
            if name == "frame":
                runs = tuple(Run(text, None if text == "?" else 0.9) for text in detail)
                stream.show(Frame(1, "denoising", (runs,)))
            elif name == "editor" and desk.to_editor:
                desk.apply(detail)
            elif name == "server" and desk.to_server:
                desk.to_server.popleft()()
            elif name == "type":
                desk.type(detail[0], detail[0] + detail[1], detail[2])
                typed += detail[2]
            elif name == "turn":
                await turn()

        async def end() -> bool:
            if fill is not None and await stream.finish((Gap(len(left), len(left) + len(gap)),), (fill,)):
                return True
            return not await stream.restore()

        ending = asyncio.create_task(end())
        while not ending.done() or desk.to_server or desk.to_editor:
            await turn()
            if desk.to_editor:
                desk.apply(True)
            if desk.to_server:
                desk.to_server.popleft()()
        filled_or_left = await ending
        if not filled_or_left and desk.written:
            assert desk.gap == gap, "the original stands there again"
        if not typed and all(name != "type" for name, _ in events):
            assert desk.text == left + (gap if fill is None else fill) + right

    asyncio.run(run())
