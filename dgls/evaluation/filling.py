"""How a variant fills the gap of a case, and what that costs: by dgls, by nothing, or from left to right."""

import time
from collections.abc import Generator

import msgspec
import torch
from msgspec.structs import replace

from dgls.config import InfillSettings
from dgls.evaluation.case import Case
from dgls.evaluation.variants import Variant
from dgls.infill.alphabet import barred_ids
from dgls.infill.canvas import Plan, plan_request
from dgls.infill.context import encode_context
from dgls.infill.fill import fill_plan
from dgls.infill.request import Answer, Frame, Prefilled
from dgls.model.causal import CausalReader
from dgls.model.host import Host


class Completion(msgspec.Struct, frozen=True):
    """A fill and what it cost; ``text`` is None where none was offered.

    ``nfe`` counts passes of the decoder, or of the encoder from left to right; ``repair_nfe`` are those of repair.
    ``tokens`` are those of the text, ``context`` those that the encoder read before it; ``shortened`` says that it is
    only the beginning of what was denoised.
    """

    text: str | None
    nfe: int = 0
    repair_nfe: int = 0
    tokens: int = 0
    milliseconds: float = 0.0
    shortened: bool = False
    context: int = 0


def complete(host: Host, variant: Variant, case: Case, default: Completion | None = None) -> Completion:
    """Fill the gap of ``case`` with an empty prefix cache and no deadline; ``default`` is how the default filled it."""
    if variant.filler == "empty":
        return Completion("")
    started = time.perf_counter()
    if variant.filler == "autoregressive":
        completion = continue_prefix(host, case, variant.settings)
    else:
        if variant.equal_nfe and default is not None:
            passes = default.repair_nfe
            matched = replace(variant.settings, repair_rounds=min(1, passes), repair_steps=max(1, passes))
            variant = replace(variant, settings=matched)
        completion = _drive(fill_plan(host, host.new_store(), plan_case(host, variant, case)))
    milliseconds = (time.perf_counter() - started) * 1000
    tokens = len(host.tokenizer.encode(completion.text)) if completion.text else 0
    return replace(completion, tokens=tokens, milliseconds=round(milliseconds, 3))


def _drive(steps: Generator[Frame | Prefilled, None, Answer]) -> Completion:
    repair_nfe = 0
    while True:
        try:
            step = next(steps)
        except StopIteration as finished:
            answer: Answer = finished.value
            completion = Completion(None, answer.nfe, repair_nfe, context=answer.prefill_tokens)
            if not answer.fills:
                return completion
            best = answer.fills[0]
            return replace(completion, text=best.texts[0], shortened=best.shortened)
        repair_nfe += isinstance(step, Frame) and step.state == "repairing"


def plan_case(host: Host, variant: Variant, case: Case) -> Plan:
    """The request of ``case`` in tokens, with what ``variant`` gives away or hides."""
    settings = variant.settings
    if variant.true_length:
        length = max(1, len(host.tokenizer.encode(case.answer)))
        settings = replace(settings, free_tokens=length, lengths=1)
    request = case.request(settings, variant.related_tokens)
    if not variant.hide_suffix:
        return plan_request(host, request)
    # The model sees a file that ends, for all that it can tell, anywhere behind the gap; the parser still sees it all.
    blind = plan_request(host, replace(request, text=case.prefix))
    return blind._replace(request=request, at_end=False)


def prefix_context(host: Host, case: Case, settings: InfillSettings, related_tokens: int = 0) -> list[int]:
    """What the encoder reads where nothing behind the gap is shown."""
    budget = min(settings.context_tokens or host.context_tokens, host.context_limit)
    request = case.request(settings, related_tokens)
    return encode_context(host, replace(request, text=case.prefix), len(case.prefix), budget)


def continue_prefix(host: Host, case: Case, settings: InfillSettings) -> Completion:
    """What the encoder likes best behind the prefix, token by token.

    It ends with as many lines as the answer has, at a token that ends a text, or where as many tokens are drawn as a
    gap of unknown length has free positions.
    """
    reader = CausalReader(host)
    ends = {token for token in (*host.eos_ids, host.delete_id) if token is not None}
    barred = barred_ids(host.tokenizer, host.device, single_line=False, whole_characters=False).clone()
    barred[list(ends)] = False
    context = following = prefix_context(host, case, settings)
    drawn: list[int] = []
    passes = 0
    while len(drawn) < settings.free_tokens:
        logits = reader.read(following)[-1]
        passes += 1
        token = int(logits.masked_fill(barred, -torch.inf).argmax())
        if token in ends:
            break
        drawn.append(token)
        following = [token]
        text = host.tokenizer.decode(drawn).decode(errors="ignore")
        if (end := end_of_lines(text, case.answer)) is not None:
            return Completion(text[:end], passes, context=len(context))
    text = host.tokenizer.decode(drawn).decode(errors="ignore")
    return Completion(text, passes, context=len(context))


def end_of_lines(text: str, answer: str) -> int | None:
    """Where ``text`` has as many lines as ``answer``: behind its last line break or before one more; else None."""
    breaks = answer.count("\n")
    whole = answer.endswith("\n")
    position = -1
    for _ in range(breaks if whole else breaks + 1):
        position = text.find("\n", position + 1)
        if position < 0:
            return None
    return position + 1 if whole else position
