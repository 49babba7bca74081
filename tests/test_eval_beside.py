"""What a request costs beside the model, by a clock that stands still but where the test moves it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dgls.config import InfillSettings, ModelSettings
from dgls.evaluation.beside import measure_beside
from dgls.infill import denoise, fill
from dgls.model.host import Host, load_host


def test_passes_and_draws_are_the_model_and_verdicts_are_not(
    tiny_dgls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = load_host(ModelSettings(checkpoint=str(tiny_dgls), threads=1), lambda fraction, what: None)
    now = 0.0

    def taking(seconds: float, work: Callable[..., Any]) -> Callable[..., Any]:
        def slow(*given: Any, **named: Any) -> Any:
            nonlocal now
            now += seconds
            return work(*given, **named)

        return slow

    monkeypatch.setattr(time, "perf_counter", lambda: now)
    monkeypatch.setattr(Host, "_encode", taking(1000, Host._encode))
    monkeypatch.setattr(Host, "decode", taking(100, Host.decode))
    monkeypatch.setattr(denoise, "draw", taking(10, denoise.draw))
    monkeypatch.setattr(fill, "judge", taking(0.001, fill.judge))
    settings = InfillSettings(candidates=2, lengths=1, max_steps=2, repair_rounds=0)
    found = measure_beside(host, 2, 0, settings)
    assert found.requests == 2
    assert found.whole.p50 is not None and found.whole.p50 > 1_000_000
    assert found.beside.p50 == pytest.approx(2), "two candidates, a verdict each"
