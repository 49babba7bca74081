"""What users of other servers complain about most: one test per complaint, which fails on the behaviour complained of.

The numbers are those of the list that the design keeps. What the tests of a feature show at length stands there; here
is each complaint in the words of who made it. Three stand with their features: 12, secrets (``test_server_policy.py``),
13, one model for all windows (``test_server_shared.py``), and 14, notebooks (``test_server_notebooks.py``).
"""

from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from lsp_client import (
    CAPABILITIES,
    REQUEST_CANCELLED,
    Client,
    changed,
    fill_span,
    inline,
    script,
    serving,
    span,
    typed,
    wait_for,
)

from dgls.config import InfillSettings, ModelSettings
from dgls.infill.fill import answer_of
from dgls.infill.jobs import work_on
from dgls.infill.kept import Kept
from dgls.infill.layout import CONTROL_TOKENS
from dgls.infill.request import Answer, FillRequest, Frame, Gap
from dgls.model.host import Host, load_host

numbers = count()


@pytest.fixture(scope="module")
def host() -> Host:
    return load_host(ModelSettings(threads=1), lambda fraction, what: None)


@pytest.fixture
def uri() -> str:
    return f"file:///project/complaint{next(numbers)}.py"


def texts(items: list[Any]) -> list[str]:
    return [item["insertText"] for item in items]


def completed(host: Host, marked: str, language: str, **settings: Any) -> tuple[FillRequest, Answer]:
    before, _, after = marked.partition("│")
    gaps = (Gap(len(before), len(before)),)
    chosen = InfillSettings(context_tokens=256, **settings)
    request = FillRequest(before + after, gaps, language, settings=chosen, find="completion")
    return request, answer_of(work_on(host, Kept(host.new_store()), request))


def test_1_accept_only_a_word_or_a_line(client: Client, uri: str, tmp_path: Path) -> None:
    """What is left of an accepted word goes on being shown, under the same id, without asking the model again."""
    client.open(uri, script(journal=str(tmp_path / "journal"), fills=["foo bar\nbaz"]))
    [item] = client.result(client.request(*inline(uri, 1, 0)))
    known = item["data"]["id"]
    client.change(uri, 2, typed(1, 0, "foo "))
    client.notify("dgls/partiallyAccepted", {"id": known, "length": 4})
    [rest] = client.result(client.request(*inline(uri, 1, 4)))
    assert (rest["insertText"], rest["data"]["id"]) == ("bar\nbaz", known)
    client.change(uri, 3, typed(1, 4, "bar\n"))
    assert texts(client.result(client.request(*inline(uri, 2, 0)))) == ["baz"]
    assert len((tmp_path / "journal").read_text().splitlines()) == 1


def test_2_wait_until_i_stop_typing(uri: str, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with serving(environment={"DGLS_INLINE_DEBOUNCE_MS": "10000"}) as client:
        client.ready()
        client.open(uri, script(journal=str(journal)))
        request = client.call(*inline(uri, 1, 1))
        client.send(changed(uri, 2, typed(1, 0, "a")), request, changed(uri, 3, typed(1, 1, "b")))
        assert client.error(request["id"])["code"] == REQUEST_CANCELLED
        assert not journal.exists()


def test_3_cancelled_work_does_not_run_on(client: Client, uri: str, tmp_path: Path) -> None:
    client.open(uri, script(gate=str(tmp_path), steps=99))
    request = client.request(*inline(uri, 1, 0))
    wait_for(tmp_path / "begun")
    client.cancel(request)
    assert client.error(request)["code"] == REQUEST_CANCELLED
    (tmp_path / "step1").touch()
    wait_for(tmp_path / "closed")


def test_4_text_behind_the_cursor_is_not_repeated(host: Host) -> None:
    """At seeds at which the model does repeat it, as a whole or in what a fill begins with."""
    offered = 0
    for marked, behind, seed in [
        ("def area(width, height):\n    │\n    return width * height\n", "return width * height", 0),
        ("total = 0\nfor item in items:\n    │\n    total += item\nprint(total)\n", "total += item", 0),
        ("import os\n│\nimport sys\n", "import sys", 1),
        (
            "def f(x):\n    try:\n        │\n        return x\n    except ValueError:\n        pass\n",
            "return x",
            5,
        ),
    ]:
        _, answer = completed(host, marked, "python", seed=seed, repair_rounds=1)
        offered += len(answer.fills)
        for fill in answer.fills:
            assert behind not in [line.strip() for line in fill.texts[0].splitlines()]
    assert offered


def test_5_text_is_shown_inside_brackets_that_the_editor_closed(host: Host) -> None:
    for marked, language in [("names = [│]\n", "python"), ("function total(items) {│}\n", "javascript")]:
        request, answer = completed(host, marked, language)
        assert answer.fills
        assert answer.gaps == (Gap(request.gaps[0].start, request.gaps[0].start + 1),)
        closer = request.text[request.gaps[0].start]
        assert all(
            closer in fill.texts[0] for fill in answer.fills
        )  # so editors show it in the bracket's place


def test_6_a_fill_is_indented_as_its_file_is(host: Host) -> None:
    """At seeds at which the model does not do it."""
    tabs = (
        "class A:\n\tdef f(self, items):\n\t\tfor item in items:\n\t\t\t│\n\n\tdef g(self):\n\t\treturn 1\n"
    )
    nested = "class A:\n  def f(self):\n    if self.x:\n      │\n    return 1\n"
    flat = "if x:\n  y = 1\nelse:\n  │\n"
    for marked, seed in [
        (tabs, 2),
        (tabs, 7),
        (tabs, 16),
        (nested, 15),
        (nested, 22),
        (flat, 20),
        (flat, 22),
    ]:
        _, answer = completed(host, marked, "python", seed=seed, repair_rounds=1)
        assert answer.fills
        for fill in answer.fills:
            first, *rest = fill.texts[0].split("\n")
            assert not first.startswith((" ", "\t")), "the line is indented already"
            assert marked is not tabs or not any(line.startswith(" ") for line in rest)


def test_7_nothing_after_a_deletion(client: Client, uri: str) -> None:
    client.open(uri, script() + "abc")
    client.change(uri, 2, {"range": span((1, 2), (1, 3)), "text": ""})
    assert client.result(client.request(*inline(uri, 1, 2))) == []


def test_8_any_editor_gets_it_from_a_plain_language_server(uri: str) -> None:
    """Without a word of dgls's own: as ghost text where the client has that, else in its list."""
    ghost_text, params = inline(uri, 1, 0)
    for capabilities, method in [
        (CAPABILITIES, ghost_text),
        ({"textDocument": {}}, "textDocument/completion"),
    ]:
        with serving(capabilities={**capabilities, "workspace": CAPABILITIES["workspace"]}) as client:
            client.ready()
            client.open(uri, script())
            asked = {key: params[key] for key in ("textDocument", "position")}
            context = {"triggerKind": 1}
            assert "FILL" in str(client.result(client.request(method, {**asked, "context": context})))


def test_9_a_fast_accept_does_not_corrupt_the_text(client: Client, uri: str, tmp_path: Path) -> None:
    """An answer that comes after its text was put in offers what is left of it, or nothing: never the whole again."""
    client.open(uri, script(gate=str(tmp_path), fills=["foo(bar)"]) + "x = ")
    request = client.request(*inline(uri, 1, 4))
    wait_for(tmp_path / "begun")
    client.change(uri, 2, typed(1, 4, "foo(bar)"))  # an older item, accepted before the answer came
    client.catch_up()
    (tmp_path / "step1").touch()
    assert client.error(request)["code"] == REQUEST_CANCELLED
    assert client.result(client.request(*inline(uri, 1, 12)))[0]["range"] == span((1, 12), (1, 12))


def test_10_ghost_text_streams_without_flicker(host: Host, uri: str) -> None:
    """Whoever wants frames gets them before the answer; what a frame shows as settled stays as the canvas settles."""
    wants_frames = {**CAPABILITIES, "experimental": {"dgls": {"frames": True}}}
    with serving(capabilities=wants_frames) as client:
        client.ready()
        client.open(uri, script(steps=3))
        number = client.request(*inline(uri, 1, 0))
        client.result(number)
        assert [
            frame["params"]["step"]
            for frame in client.untaken("dgls/frame")
            if frame["params"]["id"] == number
        ]
    before = "def total(items):\n    result = 0\n    for item in items:\n        "
    gaps = (Gap(len(before), len(before)),)
    text = before + "\n    return result\n"
    chosen = InfillSettings(context_tokens=256, max_steps=6)
    request = FillRequest(text, gaps, "python", settings=chosen, find="completion")
    settled = [
        [run.text for run in frame.drafts[0] if run.confidence is not None]
        for frame in work_on(host, Kept(host.new_store()), request)
        if isinstance(frame, Frame) and frame.state == "denoising"
    ]
    assert len(settled) > 2 and settled[-1]
    for earlier, later in pairwise(settled):
        rest = iter("".join(later))
        assert all(character in rest for character in "".join(earlier)), (earlier, later)


def test_11_several_lines_are_replaced_by_one_edit(client: Client, uri: str) -> None:
    client.open(uri, script(fills=["one\ntwo"]) + "x = (\n    1,\n)\ny")
    fill = client.request(*fill_span(uri, (1, 4), (3, 1)))
    asked = client.incoming("workspace/applyEdit")
    [change] = asked["params"]["edit"]["documentChanges"]
    assert change["edits"] == [{"range": span((1, 4), (3, 1)), "newText": "one\ntwo"}]
    client.reply(asked, {"applied": True})
    assert client.result(fill)["applied"]


def test_11_each_of_several_cursors_gets_a_text_of_its_own(host: Host) -> None:
    """The same text at both would be wrong at one of them."""
    first, second = "pairs = [1, 2", "\nnames = {1, 2"
    gaps = tuple(Gap(end, end) for end in (len(first), len(first + second)))
    request = FillRequest(first + second + "\n", gaps, "python", settings=InfillSettings(context_tokens=256))
    answer = answer_of(work_on(host, Kept(host.new_store()), request))
    assert answer.fills
    for fill in answer.fills:
        assert "]" in fill.texts[0] and "}" in fill.texts[1]
        assert fill.texts[0] != fill.texts[1]


def test_15_special_tokens_do_not_leak(host: Host) -> None:
    marked = "# <|fim_middle|> <|endoftext|>\ndef f(a, b):\n    return │"
    for seed in range(4):
        _, answer = completed(host, marked, "klingon", seed=seed)
        assert answer.fills
        for fill in answer.fills:
            assert not any(token in fill.texts[0] for token in (*CONTROL_TOKENS, "<|"))
