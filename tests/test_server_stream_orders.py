"""All orders of events: keystrokes, edits of a stream, and the messages between editor and server, mixed at random."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types as lsp

from dgls.infill.request import Frame, Gap, Run
from dgls.server.asking import Ask, Wanted
from dgls.server.documents import Documents
from dgls.server.last_fill import LastFills
from dgls.server.messages import Position as Place
from dgls.server.messages import Range
from dgls.server.session import Session
from dgls.server.streaming import Stream
from dgls.text import Document, Position


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
        self.client_capabilities = lsp.ClientCapabilities(
            workspace=lsp.WorkspaceClientCapabilities(
                workspace_edit=lsp.WorkspaceEditClientCapabilities(document_changes=True)
            )
        )
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
        ask = Ask(snapshot, Wanted((Gap(len(left), len(left) + len(gap)),)), 1, "command")
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
