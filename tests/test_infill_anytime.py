"""Anytime: when the time is up, the best valid fill of all that was said so far is offered."""

import pytest
import torch

from dgls.config import InfillSettings, ModelSettings
from dgls.evaluation.cuts import choose_cuts
from dgls.infill.fill import answer_of, fill_gaps
from dgls.infill.request import Answer, FillRequest, Gap
from dgls.model.host import Host, load_host
from dgls.syntax import fragment_around, language_of, verdict

QUICK = InfillSettings(candidates=1, max_steps=4, free_tokens=8, repair_steps=3)


@pytest.fixture(scope="module")
def host(tiny_dgls) -> Host:
    return load_host(ModelSettings(checkpoint=str(tiny_dgls), dtype="float32"), lambda fraction, what: None)


@pytest.fixture(scope="module")
def embedded() -> Host:
    return load_host(ModelSettings(threads=1), lambda fraction, what: None)


def script(monkeypatch, host: Host, *passes: dict[int, tuple[str, float]], enough: int) -> list[int]:
    """A model that likes these words at these positions of the gap, so many nats, pass by pass; else it deletes.

    The time is up after ``enough`` passes. Counts them.
    """
    done: list[int] = []

    def decode(self, view, canvas, conditioning=None, wanted=None):
        done.append(len(done))
        logits = torch.zeros((*canvas.shape, len(host.tokenizer)))
        logits[..., host.delete_id] = 60.0
        for position, (word, nats) in passes[min(len(done), len(passes)) - 1].items():
            logits[:, position, host.delete_id] = 0.0
            [token] = host.tokenizer.encode(word) if word else [host.delete_id]
            logits[:, position, token] = nats
        return logits if wanted is None else logits[wanted]

    monkeypatch.setattr(Host, "decode", decode)
    end_after(monkeypatch, done, enough)
    return done


def end_after(monkeypatch, done: list[int], enough: int) -> None:
    """Let the time be up once so many passes are ``done``; choosing among answers still has its moment."""
    monkeypatch.setattr(FillRequest, "late_in", lambda self, seconds: seconds >= 0 and len(done) >= enough)


def answer_to(host: Host, before: str, after: str, settings: InfillSettings = QUICK) -> Answer:
    request = FillRequest(before + after, (Gap(len(before), len(before)),), "python", "a.py", settings)
    return answer_of(fill_gaps(host, host.new_store(), request))


def test_an_unfinished_answer_is_offered_if_it_is_valid(monkeypatch, host):
    unsure = {0: ("1", 60.0), 1: ("", 0.5), 2: ("", 0.6)}
    script(monkeypatch, host, unsure, enough=1)
    answer = answer_to(host, "x = ", "\n")
    assert [fill.texts[0] for fill in answer.fills] == ["1"]
    assert (answer.nfe, answer.early) == (1, True)


def test_where_it_is_not_what_an_earlier_step_said_is_offered(monkeypatch, host):
    unsure = {0: ("1", 60.0), 1: ("", 0.5), 2: ("", 0.6)}
    script(monkeypatch, host, unsure, {1: (")", 60.0)}, enough=2)
    answer = answer_to(host, "x = ", "\n")
    assert [(fill.texts[0], fill.shortened) for fill in answer.fills] == [("1", False)]
    assert (answer.nfe, answer.early) == (2, True)


def test_else_a_valid_beginning_is(monkeypatch, host):
    script(monkeypatch, host, {0: ("1", 60.0), 1: (")", 60.0)}, enough=1)
    answer = answer_to(host, "x = ", "\n")
    assert [(fill.texts[0], fill.shortened) for fill in answer.fills] == [("1", True)]
    assert (answer.nfe, answer.early) == (1, True)


def test_what_a_repair_has_mended_when_the_time_is_up_is_offered(monkeypatch, host):
    done = script(monkeypatch, host, {0: (")", 60.0)}, {0: ("1", 60.0)}, enough=2)
    answer = answer_to(host, "x = (", ")\n")
    assert [(fill.texts[0], fill.repaired) for fill in answer.fills] == [("1", True)]
    assert len(done) == 2


def test_who_was_in_time_is_not_early(monkeypatch, host):
    script(monkeypatch, host, {0: ("1", 60.0)}, enough=99)
    assert not answer_to(host, "x = ", "\n").early


def test_no_step_is_begun_that_would_not_end_in_time(monkeypatch, host):
    clock = [0.0]
    steps = script(monkeypatch, host, {position: ("1", 0.1) for position in range(8)}, enough=99)
    counted = Host.decode
    monkeypatch.undo()

    def decode(self, *given):
        clock[0] += 1.0
        return counted(self, *given)

    monkeypatch.setattr(Host, "decode", decode)
    monkeypatch.setattr("dgls.infill.request.time.monotonic", lambda: clock[0])
    gap = (Gap(4, 4),)
    request = FillRequest("x = \n", gap, "python", "a.py", QUICK, deadline=3.5)
    assert answer_of(fill_gaps(host, host.new_store(), request)).early
    assert len(steps) == 3


@pytest.mark.parametrize("enough", [1, 3])
def test_the_embedded_checkpoint_offers_something_valid_after_few_steps(monkeypatch, embedded, enough):
    done: list[int] = []
    decode = Host.decode

    def counted(self, *given):
        done.append(len(done))
        return decode(self, *given)

    monkeypatch.setattr(Host, "decode", counted)
    end_after(monkeypatch, done, enough)
    offered = 0
    for cut in choose_cuts(6, seed=5):
        done.clear()
        before, after = cut.file.text[: cut.start], cut.file.text[cut.end :]
        answer = answer_to(embedded, before, after, InfillSettings())
        assert answer.nfe == enough
        fragment = fragment_around(
            before + after, (Gap(len(before), len(before)),), language_of("python", "")
        )
        assert all(verdict(fragment, fill.texts).ok for fill in answer.fills)
        offered += bool(answer.fills)
    assert offered >= 4
