"""The rows of a report: what each variant changes, gives away or hides, and what a fill of it costs."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dgls.config import InfillSettings, ModelSettings
from dgls.evaluation.case import Case
from dgls.evaluation.filling import Completion, complete, end_of_lines, plan_case, prefix_context
from dgls.evaluation.likelihood import nats_of
from dgls.evaluation.variants import BASELINES, DEFAULT, Variant, VariantError, choose_variants
from dgls.infill.fill import answer_of, fill_gaps
from dgls.model.causal import CausalReader
from dgls.model.host import Host, load_host

CASE = Case(
    name="textwrap.py:20-30",
    language="python",
    path="textwrap.py",
    kind="expression",
    prefix="def wrap(text, width):\n    if ",
    suffix=":\n        return [text]\n    return cut(text, width)\n",
    answer="len(text) <= width",
)


@pytest.fixture(scope="module")
def host(tiny_dgls: Path) -> Host:
    return load_host(ModelSettings(checkpoint=str(tiny_dgls), threads=1), lambda fraction, what: None)


@pytest.fixture(scope="module")
def variants() -> dict[str, Variant]:
    return {variant.name: variant for variant in choose_variants(0, BASELINES, ())}


def test_every_row_has_a_name_of_its_own_and_the_default_comes_first() -> None:
    chosen = choose_variants(3, BASELINES, ["infill.entropy_bound=0.5", "infill.max_steps=4,infill.seed=9"])
    names = [variant.name for variant in chosen]
    assert names == [DEFAULT, *BASELINES, "entropy_bound=0.5", "max_steps=4, seed=9"]
    assert (chosen[-1].settings.max_steps, chosen[-1].settings.seed) == (4, 9)
    assert all(variant.settings.seed == 3 for variant in chosen[:-1])


@pytest.mark.parametrize(
    ("assignment", "complaint"),
    [
        ("infill.entropy_bound", "expected infill.FIELD=VALUE"),
        ("model.device=cpu", "expected infill.FIELD=VALUE"),
        ("infill.nothing=1", "infill has: context_tokens"),
        ("infill.entropy_bound=much", "Expected `float"),
        ("infill.repair=pray", "Invalid enum value 'pray'"),
    ],
)
def test_an_assignment_that_makes_no_row_is_explained(assignment: str, complaint: str) -> None:
    with pytest.raises(VariantError, match=complaint):
        choose_variants(0, (), [assignment])


def test_the_default_row_is_what_dgls_offers(host: Host, variants: dict[str, Variant]) -> None:
    answer = answer_of(fill_gaps(host, host.new_store(), CASE.request(variants[DEFAULT].settings)))
    completion = complete(host, variants[DEFAULT], CASE)
    assert completion.text == (answer.fills[0].texts[0] if answer.fills else None)
    assert completion.nfe == answer.nfe > 0


def test_the_true_length_is_given_and_the_suffix_hidden(host: Host, variants: dict[str, Variant]) -> None:
    whole, exact = plan_case(host, variants[DEFAULT], CASE), plan_case(host, variants["true-length"], CASE)
    assert exact.free == [len(host.tokenizer.encode(CASE.answer))] != whole.free
    hidden = plan_case(host, variants["hide-suffix"], CASE)
    another = plan_case(host, variants["hide-suffix"], replace(CASE, suffix="!\n" * 300))
    assert hidden.canvas(host, hidden.free) == another.canvas(host, another.free)
    assert hidden.context == another.context
    assert hidden.request.text == CASE.filled(""), "the parser sees it still"
    assert whole.canvas(host, whole.free) != hidden.canvas(host, hidden.free)


def test_one_step_and_no_repair_spend_no_more(host: Host, variants: dict[str, Variant]) -> None:
    assert complete(host, variants["one-step"], CASE).nfe == 1
    assert complete(host, variants["no-repair"], CASE).repair_nfe == 0
    assert complete(host, variants["empty"], CASE) == Completion("")


@pytest.mark.parametrize("passes", [0, 1, 7])
def test_drawing_anew_gets_the_passes_of_the_repair_it_stands_for(
    host: Host, variants: dict[str, Variant], passes: int
) -> None:
    # Random weights find no fill of full length that is faultless here.
    broken = replace(CASE, suffix=" )]\n")
    alone = InfillSettings(candidates=1, lengths=1, repair_rounds=0)
    first = complete(host, replace(variants["no-repair"], settings=alone), broken)
    assert first.text is None
    resample = replace(variants["resample"], settings=replace(alone, repair="resample"))
    drawn = complete(host, resample, broken, replace(first, repair_nfe=passes))
    assert drawn.repair_nfe == passes
    assert drawn.nfe == first.nfe + passes


def test_from_left_to_right_nothing_behind_the_gap_counts(host: Host, variants: dict[str, Variant]) -> None:
    left_to_right = variants["autoregressive"]
    completion = complete(host, left_to_right, CASE)
    again = complete(host, left_to_right, replace(CASE, suffix="something else"))
    assert completion.text == again.text
    assert completion.text is not None
    assert "\n" not in completion.text
    assert 0 < completion.nfe <= left_to_right.settings.free_tokens
    assert completion.text != complete(host, left_to_right, replace(CASE, prefix="import ")).text
    assert completion.context == len(prefix_context(host, CASE, left_to_right.settings)) > 0
    assert replace(completion, milliseconds=0.0) == replace(again, milliseconds=0.0)


def test_reading_token_by_token_is_reading_at_once(host: Host) -> None:
    tokens = host.tokenizer.encode(CASE.prefix + CASE.answer)
    whole = CausalReader(host).read(tokens)
    reader = CausalReader(host)
    reader.read(tokens[:5])
    stepwise = [reader.read([token])[-1] for token in tokens[5:]]
    for at_once, alone in zip(whole[5:], stepwise, strict=True):
        assert (at_once - alone).abs().max() < 0.05  # bfloat16


@pytest.mark.parametrize(
    ("text", "answer", "kept"),
    [
        ("a = 1\nb", "x", "a = 1"),
        ("a = 1\nb", "x\n", "a = 1\n"),
        ("a\nb\nc\n", "x\ny", "a\nb"),
        ("\n\nb", "x", ""),
        ("a = 1", "x", None),
        ("a\nb", "x\ny", None),
    ],
)
def test_it_stops_with_as_many_lines_as_the_answer(text: str, answer: str, kept: str | None) -> None:
    end = end_of_lines(text, answer)
    assert (None if end is None else text[:end]) == kept


@given(st.text("a\n", max_size=12), st.text("a\n", min_size=1, max_size=12))
def test_what_is_kept_has_the_answers_line_breaks(text: str, answer: str) -> None:
    end = end_of_lines(text, answer)
    assert end is None or text[:end].count("\n") == answer.count("\n")
    assert end is not None or text.count("\n") <= answer.count("\n")


def test_both_likelihoods_are_of_the_same_tokens_and_one_sees_the_suffix(
    host: Host, variants: dict[str, Variant]
) -> None:
    settings = variants[DEFAULT].settings

    def measured(case: Case) -> tuple[float, float]:
        nats = nats_of(host, case, settings, random.Random(1))
        assert nats is not None
        return nats.any_order, nats.left_to_right

    first, second = measured(CASE), measured(replace(CASE, suffix=" and more\n"))
    assert all(value > 0 for value in first)
    assert first == measured(CASE)
    assert first[1] == second[1]
    assert first[0] != second[0]
    assert first[1] != measured(replace(CASE, prefix="x = "))[1]
    assert nats_of(host, replace(CASE, answer="x y " * 200), settings, random.Random(1)) is None
