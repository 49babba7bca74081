"""Filling and training where the model is not on the CPU: the same answers, and no tensors of two devices ever meet."""

from pathlib import Path

import pytest
import torch

from dgls.config import InfillSettings, ModelSettings
from dgls.infill.fill import answer_of
from dgls.infill.jobs import work_on
from dgls.infill.kept import Kept
from dgls.infill.request import Answer, FillRequest, Gap
from dgls.model.causal import CausalReader
from dgls.model.host import Host, load_host
from tests.elsewhere import ELSEWHERE, elsewhere, moved_host

TEXT = "def total(values):\n    result = 0\n    for value in values:\n        \n    return result\n"
BODY = TEXT.index("        \n") + 8
ASSIGNED = TEXT.index("result")
EMPTY = (Gap(BODY, BODY),)
FIRST = (Gap(ASSIGNED, ASSIGNED + len("result = 0")),)
REQUESTS = {
    "a gap": FillRequest(TEXT, EMPTY, "python", single_line=True),
    "drawn anew": FillRequest(TEXT, EMPTY, "python", settings=InfillSettings(repair="resample", seed=3)),
    "rewritten": FillRequest(TEXT, FIRST, "python", strength=0.5),
    "two gaps": FillRequest(TEXT, (*FIRST, *EMPTY), "python"),
    "flat pins, in a word": FillRequest(
        TEXT, (Gap(6, 9),), "python", settings=InfillSettings(pin_conditioning="flat", lengths=1)
    ),
    "mended": FillRequest(TEXT.replace("0", "(0"), (Gap(0, len(TEXT)),), "python", find="faults"),
}


def hosted(checkpoint: str) -> Host:
    return load_host(ModelSettings(checkpoint=checkpoint, dtype="float32"), lambda fraction, what: None)


def answers(host: Host) -> dict[str, Answer]:
    return {
        name: answer_of(work_on(host, Kept(host.new_store()), request)) for name, request in REQUESTS.items()
    }


def test_tensors_of_two_devices_cannot_meet() -> None:
    with elsewhere(), pytest.raises(RuntimeError, match="two devices"):
        torch.ones(2, device=ELSEWHERE) + torch.ones(2)


def test_the_embedded_checkpoint_fills_alike_on_any_device() -> None:
    host = hosted("embedded")
    here = answers(host)
    assert any(answer.fills for answer in here.values())
    with elsewhere():
        there = answers(moved_host(host))
    assert {name: answer.fills for name, answer in there.items()} == {
        name: answer.fills for name, answer in here.items()
    }


@pytest.mark.parametrize("kind", ["tiny_dgls", "tiny_26b"])
def test_other_kinds_of_checkpoints_do_too(kind: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(kind)
    host = hosted(str(folder))
    here = answers(host)
    with elsewhere():
        there = answers(moved_host(host))
    assert {name: (answer.fills, answer.nfe) for name, answer in there.items()} == {
        name: (answer.fills, answer.nfe) for name, answer in here.items()
    }


def test_the_encoder_reads_left_to_right_on_any_device(tiny_dgls: Path) -> None:
    host = hosted(str(tiny_dgls))
    tokens = host.tokenizer.encode("def total(values):\n")
    here = CausalReader(host).read(tokens)
    with elsewhere():
        there = CausalReader(moved_host(host)).read(tokens)
        assert torch.equal(there.cpu(), here)
