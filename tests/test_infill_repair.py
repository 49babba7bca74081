"""Repair: what is drawn again, where it leans to, and what is offered where nothing is whole."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dgls.config import InfillSettings, ModelSettings
from dgls.evaluation.cuts import choose_cuts
from dgls.infill.candidate import Candidate, spell
from dgls.infill.denoise import Noise, denoise
from dgls.infill.fill import answer_of, fill_gaps
from dgls.infill.judge import judge
from dgls.infill.layout import Canvas
from dgls.infill.offer import offers
from dgls.infill.request import Answer, FillRequest, Gap
from dgls.infill.steering import leaning_towards
from dgls.model.description import SamplerRules
from dgls.model.host import Host, load_host
from dgls.syntax import Expected, fragment_around, language_of, verdict

ONE = InfillSettings(candidates=1, max_steps=4, free_tokens=8, repair_steps=3)


@pytest.fixture(scope="module")
def host(tiny_dgls) -> Host:
    return load_host(ModelSettings(checkpoint=str(tiny_dgls), dtype="float32"), lambda fraction, what: None)


@pytest.fixture(scope="module")
def embedded() -> Host:
    return load_host(ModelSettings(threads=1), lambda fraction, what: None)


def request_for(document: str, infill: InfillSettings = ONE, **more) -> FillRequest:
    """├ and ┤ mark the gap."""
    before, gap, after = document.replace("┤", "├").split("├")
    return FillRequest(
        before + gap + after, (Gap(len(before), len(before) + len(gap)),), "python", "a.py", infill, **more
    )


def script(monkeypatch, host: Host, **liking: float) -> list[int]:
    """A model that likes these words, so many nats, for the first token of a gap, and else to delete; counts passes."""
    passes: list[int] = []

    def decode(self, view, canvas, conditioning=None, wanted=None):
        passes.append(len(passes))
        logits = torch.zeros((*canvas.shape, len(host.tokenizer)))
        logits[..., host.delete_id] = 30.0
        for word, nats in liking.items():
            [token] = host.tokenizer.encode(word)
            logits[:, 0, token] = nats + 30.0
        return logits if wanted is None else logits[wanted]

    monkeypatch.setattr(Host, "decode", decode)
    return passes


def answer_to(host: Host, request: FillRequest) -> Answer:
    return answer_of(fill_gaps(host, host.new_store(), request))


def test_a_gap_that_was_empty_is_not_left_so_by_a_model_that_would_rather_delete(monkeypatch, host):
    script(monkeypatch, host, **{"1": -20.0})
    [fill] = answer_to(host, request_for("x = ├┤\n")).fills
    assert fill.texts == ("1",)


def test_a_repair_moves_away_from_the_token_at_fault(monkeypatch, host):
    script(monkeypatch, host, **{")": 30.0, "1": 29.0})
    [fill] = answer_to(host, request_for("x = (├┤)\n")).fills
    assert fill.texts == ("1",)
    assert fill.repaired
    assert not fill.shortened


def test_a_repair_is_steered_by_what_the_parser_expects(monkeypatch, host):
    script(monkeypatch, host, **{")": 30.0, "]": 29.0, "=": 28.5, "in": 25.0})
    [fill] = answer_to(host, request_for("for x ├┤ things:\n    pass\n")).fills
    assert fill.texts == ("in",)


@pytest.mark.parametrize("repair", ["renoise", "resample"])
def test_a_repair_stops_at_the_deadline_after_any_step(monkeypatch, host, repair):
    quick = InfillSettings(candidates=1, max_steps=2, repair=repair, repair_steps=2, free_tokens=8)
    for most in (1, 2, 3, 4):
        passes = script(monkeypatch, host, **{")": 60.0})
        monkeypatch.setattr(
            FillRequest, "late_in", lambda self, seconds, passes=passes, most=most: len(passes) >= most
        )
        answer = answer_to(host, request_for("x = (├┤)\n", quick))
        assert answer.nfe == len(passes) <= most
        assert not answer.fills


@pytest.mark.parametrize(
    ("document", "drawn", "offered"),
    [
        ("x = ├┤\n", "1 +", "1"),
        ("x = ├┤\n", "first second", "first"),
        ("def f():\n    ├┤\n", "a = 1\n    b = (", "a = 1"),
        ("def f():\n├┤    return 1\n", "    a = 1)\n", "    a = 1\n"),
        ("def f():\n├┤    return 1\n", "    a = 1\n        ", "    a = 1\n"),
        ("x = ├┤\n", ")", None),
        ("x = 1\n├┤", "  \n", None),
        ("x = 1\n├┤", "# -\n#", None),
        ("def f():\n    ├...┤\n", "a = 1\n    b = (", "a = 1"),
        ("def f():\n    ├...┤\n", "pass", None),
        ("x = ├old┤\n", "1 +", None),
        ("if x:\n  y = 1\nelse:\n  ├┤\n", "    y = 2\n    z = (", "y = 2"),
        ("if x:\n  y = 1\nelse:\n  ├┤\n", "    y = 2\n      z = 3\n  q = (", "y = 2\n  z = 3"),
        ("def f():\n    ├┤\n    return x\n", "return x\n    y = (", None),
        ("import a\n├┤\nimport b\n", "import c\nimport b\nx = (", "import c"),
    ],
)
def test_the_best_beginning_is_offered_where_nothing_is_whole(host, document, drawn, offered):
    request = request_for(document)
    fragment = fragment_around(request.text, request.gaps, language_of("python", ""))
    candidate = Candidate((spell(host.tokenizer, host.tokenizer.encode(drawn)),), 0.5, -1.0, Canvas([], ()))
    fills = offers(request, fragment, [judge(request, fragment, candidate)], 7)
    assert [(fill.texts[0], fill.shortened, fill.nfe) for fill in fills] == (
        [(offered, True, 7)] if offered else []
    )


def test_no_beginning_is_offered_beside_a_whole_fill(host):
    request = request_for("x = ├┤\n")
    fragment = fragment_around(request.text, request.gaps, language_of("python", ""))
    judged = [
        judge(
            request,
            fragment,
            Candidate((spell(host.tokenizer, host.tokenizer.encode(drawn)),), 0.5, -1.0, Canvas([], ())),
        )
        for drawn in ("1 +", "2")
    ]
    assert [fill.texts[0] for fill in offers(request, fragment, judged, 7)] == ["2"]


words = st.sampled_from([b"in", b"(", b"==", b"lambda", b"not", b"*"])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.frozensets(words, max_size=3), st.frozensets(st.integers(33, 126), max_size=3))
def test_a_leaning_spares_exactly_the_tokens_that_may_begin_what_is_expected(host, expected_words, first):
    leaning = leaning_towards(host.tokenizer, host.device, Expected(expected_words, first))
    for token, nats in zip(host.tokenizer.token_bytes, leaning.tolist(), strict=True):
        shown = token.lstrip(b" \t")
        fits = (
            shown[:1] in (b"", b"\n", b"\r")
            or shown[0] in first
            or any(word.startswith(shown) or shown.startswith(word) for word in expected_words)
        )
        assert (nats == 0) == fits, token
        assert nats > -torch.inf, "nothing is barred outright"


def test_a_leaning_holds_at_its_position_in_its_row_alone():
    leaning = torch.full((20,), -torch.inf)
    leaning[11] = 0.0
    noise = Noise(3, torch.zeros(20, dtype=torch.bool), {}, {(1, 2): leaning})
    tokens, free = torch.full((2, 6), 9), torch.ones((2, 6), dtype=torch.bool)
    rules = SamplerRules(4, 100.0, 1.0, 1.0, 1, 0.005)
    generator = torch.Generator().manual_seed(0)
    logits = torch.zeros((2, 6, 20))
    logits[..., 8] = 20.0

    def decode(canvas, conditioning, wanted):
        return logits[: len(canvas)][wanted]

    *_, last = denoise(decode, tokens, free, noise, rules, generator, greedy=1)
    assert last.answer.tolist() == [[8] * 6, [8, 8, 11, 8, 8, 8]]


def test_what_the_embedded_checkpoint_offers_adds_no_fault_and_is_the_same_each_time(embedded):
    python = language_of("python", "")
    repaired = 0
    for cut in choose_cuts(4, seed=3):
        text = cut.file.text[: cut.start] + cut.file.text[cut.end :]
        request = FillRequest(text, (Gap(cut.start, cut.start),), "python", cut.file.module)
        answer = answer_to(embedded, request)
        assert answer.fills == answer_to(embedded, request).fills
        fragment = fragment_around(text, request.gaps, python)
        for fill in answer.fills:
            assert fill.texts[0].strip()
            assert verdict(fragment, fill.texts).ok
            repaired += fill.repaired
        rules, chosen = embedded.rules, request.settings
        assert answer.nfe <= rules.max_steps + chosen.repair_rounds * chosen.repair_steps
    assert repaired, "none of these gaps needs a repair: choose another seed"
