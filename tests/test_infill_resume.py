"""Typing into a canvas: what is pinned, what denoising starts from, and when a request starts anew."""

import pytest
import torch

from dgls.config import InfillSettings, ModelSettings
from dgls.evaluation.cuts import choose_cuts
from dgls.infill.candidate import spell
from dgls.infill.fill import fill_on
from dgls.infill.kept import Kept
from dgls.infill.request import Answer, FillRequest, Frame, Gap, Prefilled
from dgls.infill.resume import STEPS, rest_of
from dgls.model.host import Host, load_host
from dgls.syntax import fragment_around, language_of, verdict

SOURCE = '''"""A module."""


def area(width, height):
    """The area of a rectangle."""
    return {}


def label(text, size):
    return text.ljust(size)
'''
BEFORE, BEHIND = SOURCE.split("{}")
QUICK = InfillSettings(max_steps=5, free_tokens=16, repair_rounds=0)


@pytest.fixture(scope="module")
def host(tiny_dgls) -> Host:
    return load_host(ModelSettings(checkpoint=str(tiny_dgls), dtype="float32"), lambda fraction, what: None)


@pytest.fixture(scope="module")
def embedded() -> Host:
    return load_host(ModelSettings(threads=1), lambda fraction, what: None)


def asked(typed: str, settings: InfillSettings = QUICK, before: str = BEFORE, **more) -> FillRequest:
    """A request at a cursor behind what was typed."""
    cursor = len(before + typed)
    return FillRequest(before + typed + BEHIND, (Gap(cursor, cursor),), "python", "a.py", settings, **more)


def run(host: Host, kept: Kept, request: FillRequest) -> tuple[int, int, Answer]:
    """How many chunks were prefilled, how many steps were taken, and the answer."""
    chunks = steps = 0
    work = fill_on(host, kept, request)
    while True:
        try:
            event = next(work)
        except StopIteration as end:
            return chunks, steps, end.value
        chunks += isinstance(event, Prefilled)
        steps += isinstance(event, Frame) and event.state == "denoising"


def test_what_departs_is_resumed_without_prefill_and_in_few_steps(host):
    kept = Kept(host.new_store())
    assert run(host, kept, asked(""))[:2] == (1, QUICK.max_steps)
    drops = kept.store.drops
    for typed in ("w", "wid", "width * he"):
        chunks, steps, answer = run(host, kept, asked(typed))
        assert (chunks, kept.store.drops, answer.prefill_tokens) == (0, drops, 0)
        assert 0 < steps <= STEPS


def test_what_was_typed_is_pinned_and_drafts_stand_behind_it(monkeypatch, host):
    canvases: list[list[list[int]]] = []
    spelled = host.tokenizer.encode("width * height")

    def decode(self, view, canvas, conditioning=None, wanted=None):
        canvases.append(canvas.tolist())
        logits = torch.zeros((*canvas.shape, len(host.tokenizer)))
        logits[..., host.delete_id] = 40.0
        for position, token in enumerate(spelled):
            logits[:, position, token] = 80.0
        return logits if wanted is None else logits[wanted]

    monkeypatch.setattr(Host, "decode", decode)
    kept = Kept(host.new_store())
    assert run(host, kept, asked(""))[2].fills[0].texts == ("width * height",)
    canvases.clear()
    _, _, answer = run(host, kept, asked("depth "))
    lead = host.tokenizer.encode("depth ")
    rest = host.tokenizer.encode(" * height")
    assert all(row[: len(lead)] == lead for row in canvases[0])
    assert any(row[len(lead) :][place : place + len(rest)] == rest for row in canvases[0] for place in (4,))
    assert all(not fill.texts[0].startswith("depth") for fill in answer.fills)


def test_a_word_that_was_begun_is_gone_on_with(monkeypatch, host):
    """The cursor stands inside a token: the first one that is drawn has to spell what was typed of it."""
    begun, whole = (host.tokenizer.encode(text)[-1] for text in (" w", " width"))
    assert host.tokenizer.token_bytes[whole].startswith(host.tokenizer.token_bytes[begun])
    lead = host.tokenizer.encode("width *")
    canvases: list[list[list[int]]] = []

    def decode(self, view, canvas, conditioning=None, wanted=None):
        canvases.append(canvas.tolist())
        logits = torch.zeros((*canvas.shape, len(host.tokenizer)))
        logits[..., host.delete_id] = 40.0
        logits[:, len(lead), whole] = 39.0
        return logits if wanted is None else logits[wanted]

    monkeypatch.setattr(Host, "decode", decode)
    kept = Kept(host.new_store())
    run(host, kept, asked(""))
    canvases.clear()
    _, _, answer = run(host, kept, asked("width * w"))
    assert all(row[: len(lead)] == lead for row in canvases[0])
    expected = host.tokenizer.token_bytes[whole].removeprefix(host.tokenizer.token_bytes[begun]).decode()
    assert answer.fills[0].texts == (expected,)


def test_what_was_filled_ahead_takes_no_canvas_away(host):
    kept = Kept(host.new_store())
    run(host, kept, asked(""))
    ahead = asked(
        "width * height\n    # Then it goes on elsewhere, for long enough to fill a chunk of the context.\n"
        * 9
    )
    assert run(host, kept, ahead)[0] > 1
    chunks, steps, _ = run(host, kept, asked("wid"))
    assert chunks <= 1
    assert 0 < steps <= STEPS


@pytest.mark.parametrize(
    ("then", "why"),
    [
        (asked("width", before="# new\n" + BEFORE), "something else has changed"),
        (asked("a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p + "), "too much was typed"),
        (asked("width", InfillSettings(max_steps=4)), "the settings have changed"),
        (asked("width", find=None, strength=0.5), "it is another job"),
        (asked(""), "nothing was typed"),
    ],
)
def test_what_cannot_be_resumed_starts_anew(host, then: FillRequest, why: str):
    kept, fresh = Kept(host.new_store()), Kept(host.new_store())
    run(host, kept, asked(""))
    assert run(host, kept, then)[2].fills == run(host, fresh, then)[2].fills, why


def test_the_same_history_gives_the_same_bytes(embedded):
    def history() -> list[tuple]:
        kept = Kept(embedded.new_store())
        return [
            run(embedded, kept, asked(typed, InfillSettings()))[2].fills for typed in ("", "wi", "height * w")
        ]

    assert history() == history()


def test_what_the_embedded_checkpoint_resumes_adds_no_fault(embedded):
    python = language_of("python", "")
    offered = 0
    for cut in choose_cuts(4, seed=8):
        text = cut.file.text
        kept = Kept(embedded.new_store())
        for typed in (0, 2, 3):
            cursor = cut.start + typed
            now = text[:cursor] + text[cut.end :]
            request = FillRequest(now, (Gap(cursor, cursor),), "python", cut.file.module)
            chunks, _, answer = run(embedded, kept, request)
            assert bool(chunks) == (typed == 0)
            fragment = fragment_around(now, request.gaps, python)
            assert all(verdict(fragment, fill.texts).ok for fill in answer.fills)
            offered += bool(answer.fills)
    assert offered >= 9


@pytest.mark.parametrize(
    ("draft", "typed", "rest"),
    [
        ("foo(bar)", "foo", "(bar)"),
        ("foo(bar)", "fo", "(bar)"),
        ("foo(bar)", "baz", "(bar)"),
        ("foo(bar)", "foo[", "bar)"),
        ("foo(bar)", "foo(bar)", ""),
        ("a = b\n", "a =", " b\n"),
        ("a", "xyz", ""),
        ("", "xyz", ""),
    ],
)
def test_what_is_left_of_a_draft(embedded, draft: str, typed: str, rest: str):
    tokenizer = embedded.tokenizer
    tokens = [token for part in draft.partition("(") for token in tokenizer.encode(part)]
    left = rest_of(spell(tokenizer, [*tokens, embedded.delete_id]), typed, embedded.delete_id)
    assert tokenizer.decode(left).decode() == rest
