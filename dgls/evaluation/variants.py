"""Ways to fill a gap that are measured side by side: the default, baselines, and settings that differ from it.

Each is one row of a report. The user's own settings and the environment play no part: a row says all that it changes.
"""

from collections.abc import Sequence
from typing import Literal, get_args

import msgspec
from msgspec.structs import replace

from dgls.config import ContextSettings, InfillSettings
from dgls.layers import Layer, resolve

DEFAULT = "default"
Baseline = Literal[
    "empty", "autoregressive", "true-length", "one-step", "no-repair", "resample", "hide-suffix"
]
BASELINES: tuple[Baseline, ...] = get_args(Baseline)


class VariantError(Exception):
    """A row that cannot be measured; the message says what would be right."""


class Variant(msgspec.Struct, frozen=True):
    """One row.

    ``filler`` is what fills the gap: dgls, nothing, or the encoder from left to right. ``true_length`` gives the gap
    as many free positions as its answer has tokens; ``hide_suffix`` keeps what follows the gap from the model;
    ``equal_nfe`` gives repair, of whatever kind, exactly the passes that the default's repair took on the same case.
    ``related_tokens`` is how much of the context pieces of other open files may take.
    """

    name: str
    settings: InfillSettings
    filler: Literal["dgls", "empty", "autoregressive"] = "dgls"
    true_length: bool = False
    hide_suffix: bool = False
    equal_nfe: bool = False
    related_tokens: int = ContextSettings().related_tokens

    @property
    def reads_otherwise(self) -> bool:
        """Whether the model reads another context than by default, so that it may find what stood there likelier."""
        return self.related_tokens != ContextSettings().related_tokens


def choose_variants(
    seed: int, baselines: Sequence[Baseline], assignments: Sequence[str], related: Sequence[int] = ()
) -> tuple[Variant, ...]:
    """The default, then one row for each number of ``related`` tokens, ``baselines`` and ``assignments``.

    An assignment reads ``infill.FIELD=VALUE``, several of them with commas between. Raises :class:`VariantError`.
    """
    default = Variant(DEFAULT, InfillSettings(seed=seed))
    variants = [default]
    variants += (
        replace(default, name=f"related={tokens}", related_tokens=tokens)
        for tokens in dict.fromkeys(related)
        if tokens != default.related_tokens
    )
    variants += (_baseline(default, name) for name in dict.fromkeys(baselines))
    variants += (_assigned(default, text) for text in dict.fromkeys(assignments))
    return tuple(variants)


def _baseline(default: Variant, name: Baseline) -> Variant:
    settings = default.settings
    match name:
        case "empty":
            return replace(default, name=name, filler="empty")
        case "autoregressive":
            return replace(default, name=name, filler="autoregressive")
        case "true-length":
            return replace(default, name=name, true_length=True)
        case "one-step":  # one decoder pass, so no repair either
            return replace(default, name=name, settings=replace(settings, max_steps=1, repair_rounds=0))
        case "no-repair":
            return replace(default, name=name, settings=replace(settings, repair_rounds=0))
        case "resample":
            return replace(default, name=name, settings=replace(settings, repair="resample"), equal_nfe=True)
        case "hide-suffix":
            return replace(default, name=name, hide_suffix=True)


def _assigned(default: Variant, text: str) -> Variant:
    values: dict[str, str] = {}
    for assignment in text.split(","):
        path, equals, value = assignment.strip().partition("=")
        section, _, name = path.partition(".")
        if section != "infill" or not equals:
            raise VariantError(
                f"--set {text!r} makes no row: expected infill.FIELD=VALUE, as in infill.entropy_bound=0.5, "
                "or several of them with commas between"
            )
        values[name] = value
    resolved = resolve([Layer("--set", {"infill": values}, text=True)])
    if resolved.problems:
        raise VariantError(resolved.problems[0].replace(" is ignored", ""))
    chosen = {name: getattr(resolved.settings.infill, name) for name in values}
    name = ", ".join(f"{name}={value}" for name, value in values.items())
    return replace(default, name=name, settings=replace(default.settings, **chosen))
