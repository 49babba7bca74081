"""The server as it is started by an editor, with a tiny checkpoint of random weights: real prefill, real verdicts."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lsp_client import (
    CAPABILITIES,
    REQUEST_CANCELLED,
    REQUEST_FAILED,
    Client,
    fill_span,
    inline,
    serving,
    span,
)

from dgls.infill.request import Gap
from dgls.syntax import fragment_around, language_of, verdict
from dgls.text import Document, Edit, Position

URI = "file:///project/a.py"
SOURCE = """\
import os

def area(width, height):
    result =
    return result

class Shape:
    def name(self):
        return "shape"
"""
CURSORS = [(0, 7), (3, 12), (4, 11), (8, 8), (8, 23), (9, 0)]
FRAMES = {**CAPABILITIES, "experimental": {"dgls": {"frames": True}}}
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
UNSURE = {"min_confidence": 0}
"""Random weights are sure of nothing."""


def command(checkpoint: Path | str, *options: str) -> list[str]:
    return [sys.executable, "-m", "dgls", "serve", "--checkpoint", str(checkpoint), *options]


@pytest.fixture(scope="module")
def client(tiny_dgls: Path) -> Iterator[Client]:
    """A server that validates."""
    options = {"inline": UNSURE}
    with serving(
        command(tiny_dgls), environment=ONE_THREAD, capabilities=FRAMES, initializationOptions=options
    ) as client:
        client.open(URI, SOURCE)
        loaded = client.request(*fill_span(URI, (3, 12), (3, 12)))
        client.message(lambda message: message.get("id") == loaded or answers_edit(client, message))
        yield client


@pytest.fixture(scope="module")
def careless(tiny_dgls: Path) -> Iterator[Client]:
    """A server that offers whatever the model says."""
    options = {"infill": {"validate": False, "candidates": 3}, "inline": UNSURE}
    with serving(
        command(tiny_dgls), environment=ONE_THREAD, capabilities=FRAMES, initializationOptions=options
    ) as client:
        client.ready()
        yield client


def answers_edit(client: Client, message: Any) -> bool:
    """Accept an edit that the server asks for on the way."""
    if message.get("method") == "workspace/applyEdit":
        client.reply(message, {"applied": False})
    return False


def test_nothing_that_does_not_parse_is_offered(client: Client) -> None:
    language = language_of("python", "a.py")
    assert language is not None
    document = Document.of(URI, "python", 1, SOURCE)
    for cursor in CURSORS:
        offset = document.offset(Position(*cursor), "utf-16")
        fragment = fragment_around(SOURCE, [Gap(offset, offset)], language)
        for item in client.result(client.request(*inline(URI, *cursor, invoked=True))):
            assert item["data"]["validated"] is True
            assert verdict(fragment, [item["insertText"]]).ok


def test_a_fill_over_lsp_changes_its_span_alone(careless: Client) -> None:
    uri = "file:///project/b.py"
    careless.open(uri, SOURCE)
    request = careless.request(*fill_span(uri, (3, 4), (4, 10)))
    edit = careless.incoming("workspace/applyEdit")
    careless.reply(edit, {"applied": True})
    result = careless.result(request)
    assert (result["applied"], result["validated"]) == (True, False)
    [change] = edit["params"]["edit"]["documentChanges"]
    [sent] = change["edits"]
    assert sent["range"] == span((3, 4), (4, 10)) and change["textDocument"] == {"uri": uri, "version": 1}
    before = Document.of(uri, "python", 1, SOURCE)
    after = before.edited(2, [Edit(sent["newText"], Position(3, 4), Position(4, 10))], "utf-16").text
    head, tail = before.offset(Position(3, 4), "utf-16"), before.offset(Position(4, 10), "utf-16")
    assert after.startswith(SOURCE[:head]) and after.endswith(SOURCE[tail:])


def test_frames_show_the_canvas_settling(careless: Client) -> None:
    uri = "file:///project/c.py"
    careless.open(uri, SOURCE)
    request = careless.request(*inline(uri, 3, 12))
    items = careless.result(request)
    frames = [
        message["params"]
        for message in careless._read
        if message.get("method") == "dgls/frame" and message["params"]["id"] == request
    ]
    assert [frame["step"] for frame in frames] == sorted(frame["step"] for frame in frames)
    assert frames[-1]["state"] == "done"
    assert "".join(run["text"] for run in frames[-1]["drafts"][0]["runs"]) == items[0]["insertText"]
    assert all(frame["drafts"][0]["range"] == span((3, 12), (3, 12)) for frame in frames)


def test_the_same_request_gives_the_same_answer(careless: Client) -> None:
    uri = "file:///project/d.py"
    careless.open(uri, SOURCE)
    first, other, again = (
        careless.result(careless.request(*inline(uri, *cursor))) for cursor in [(3, 12), (9, 0), (3, 12)]
    )
    assert first == again and first != other


@pytest.mark.parametrize(
    "text", ["", "\n", "\ufeffx = ", "x = \r\n\ty\r", "\f\u2028😀 = ", "s = '\ud83d'\nx = ", "def f(:\n  )(" * 50]
)  # fmt: skip
def test_odd_documents_are_answered(careless: Client, text: str) -> None:
    uri = "file:///project/odd.py"
    careless.open(uri, text)
    lines = Document.of(uri, "python", 1, text).lines
    items = careless.result(careless.request(*inline(uri, len(lines) - 1, 99, invoked=True)))
    assert all(item["range"]["start"] == item["range"]["end"] for item in items)


def test_a_language_without_a_grammar_is_filled_and_marked(client: Client) -> None:
    uri = "file:///project/a.klingon"
    client.open(uri, "tlh = 1\nIngan = \n", language="klingon")
    [item] = client.result(client.request(*inline(uri, 1, 8)))
    assert item["data"]["validated"] is False


def test_cancelled_and_superseded_requests_end_and_the_next_is_answered(careless: Client) -> None:
    uri = "file:///project/e.py"
    careless.open(uri, SOURCE)
    cancelled = careless.request(*inline(uri, 3, 12))
    careless.cancel(cancelled)
    superseded = careless.request(*inline(uri, 3, 12))
    asked = careless.request(*inline(uri, 3, 12))
    assert careless.error(cancelled)["code"] == careless.error(superseded)["code"] == REQUEST_CANCELLED
    assert careless.result(asked)


def test_a_parser_that_fails_leaves_the_model_and_none_of_its_words_are_told(tiny_dgls: Path) -> None:
    broken = (
        "from tests.scripted_server import break_parser; from dgls.cli import main; break_parser(); main()"
    )
    program = [sys.executable, "-c", broken, "serve", "--checkpoint", str(tiny_dgls)]
    quick = {"infill": {"max_steps": 1, "candidates": 1, "repair_rounds": 0}}
    with serving(program, environment=ONE_THREAD, initializationOptions=quick) as client:
        client.open(URI, "password = 'swordfish'\nx = \n")
        error = client.error(client.request(*fill_span(URI, (1, 4), (1, 4))))
        assert error["message"] == "the fill failed: SystemError" == client.shown()
        client.open("file:///project/a.txt", "x = \n", "plaintext")
        plain = client.result(
            client.request(*fill_span("file:///project/a.txt", (0, 4), (0, 4), apply=False))
        )
        assert plain["reason"] is None or "no new text" in plain["reason"]
        assert "swordfish" not in str(client.untaken("window/logMessage"))


@pytest.mark.parametrize("damage", ["missing", "truncated", "no checkpoint"])
def test_a_checkpoint_that_cannot_be_used_is_one_clear_error(
    tiny_dgls: Path, tmp_path: Path, damage: str
) -> None:
    folder = tmp_path / "checkpoint"
    if damage == "truncated":
        shutil.copytree(tiny_dgls, folder)
        weights = folder / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:1000])
    elif damage == "no checkpoint":
        folder.mkdir()
        (folder / "config.json").write_text("{}")
    with serving(command(folder), environment=ONE_THREAD) as client:
        message = client.shown()
        assert message.startswith("the model could not be loaded: ") and str(folder) in message
        client.open(URI, SOURCE)
        assert client.result(client.request(*inline(URI, 3, 12))) == []
        error = client.error(client.request(*fill_span(URI, (3, 12), (3, 12))))
        assert error == {"code": REQUEST_FAILED, "message": message}
        assert client.untaken("window/showMessage") == []


def test_a_checkpoint_deleted_in_use_serves_on_and_is_missed_by_name_when_it_is_to_be_loaded_again(
    tiny_dgls: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_dgls, tmp_path / "checkpoint"))
    careless = {"infill": {"validate": False}}
    with serving(command(folder), environment=ONE_THREAD, initializationOptions=careless) as client:
        client.ready()
        at_once = {**ONE_THREAD, "DGLS_SERVER_UNLOAD_MINUTES": "1e-9"}
        with serving(command(folder), environment=at_once, initializationOptions=careless) as other:
            other.ready()
            while other.result(other.request("dgls/status", {}))["state"] != "unloaded":
                pass
            shutil.rmtree(folder)
            other.open(URI, SOURCE)
            error = other.error(other.request(*fill_span(URI, (3, 12), (3, 12))))
            assert error["code"] == REQUEST_FAILED
            assert error["message"].startswith("the model could not be loaded: ")
            assert str(folder) in error["message"] and other.shown() == error["message"]
            assert other.result(other.request(*inline(URI, 3, 12))) == []
        client.ready()
