"""The training run: batches in, rates by the clock, a state that a run resumes from, a log that it can be judged by.

A run lives in one folder (:mod:`dgls.training.folder`): its state is written every few minutes, with a line of
validation in its log. Rates follow the tokens seen, so that a run is the same on any machine, interrupted or not.
"""

import math
import signal
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

import torch
from tokenizers import Tokenizer
from torch.utils.data import DataLoader, IterableDataset

from dgls.infill.layout import MASK_ID
from dgls.model.placement import choose_dtype
from dgls.training.architecture import build_model
from dgls.training.corpus import Document, read_documents, read_manifest
from dgls.training.examples import Batch, Sampler
from dgls.training.folder import CHECKPOINT, STATE_FILE, TrainingError
from dgls.training.log import LogLine, append_line, cut_log
from dgls.training.meter import Meter
from dgls.training.muon import Float32Muon
from dgls.training.objective import decode, encode, head, training_losses
from dgls.training.presets import Preset, shortage
from dgls.training.state import State, read_state, same_outcome, write_state

if TYPE_CHECKING:
    from transformers import DiffusionGemmaForBlockDiffusion

SAVE_EVERY_S = 240.0
LOG_EVERY = 20
VALIDATION_BATCHES = 12


class Progress(NamedTuple):
    """What a run tells while it goes on: ``tokens`` of ``total`` seen, the latest smoothed losses, and how busy
    the machine is (MFU)."""

    step: int
    tokens: int
    total: int
    decoder_loss: float
    encoder_loss: float
    tokens_per_second: float
    utilisation: float


def rate_at(progress: float, preset: Preset) -> float:
    """The share of the peak rate at ``progress`` (0 to 1) of the run: rise, plateau, fall to zero."""
    return max(0.0, min(1.0, progress / preset.warm_up, (1.0 - progress) / preset.anneal))


def check_corpus(corpus: Path, preset: Preset) -> None:
    """Raise :class:`TrainingError` where a corpus is too small for ``preset``."""
    if lacking := shortage(preset, read_manifest(corpus)):
        raise TrainingError(f"{corpus} {lacking}")


def train(
    run: Path,
    corpus: Path,
    preset: Preset,
    tokenizer: Tokenizer,
    start: Path | None,
    report: Callable[[Progress], None],
    saved: Callable[[], None],
) -> None:
    """Train in the folder ``run`` until the preset's tokens are seen, from its state where it has one.

    A new run starts from the weights of the checkpoint ``start``, if any. ``saved`` is called after each state is
    written. Raises :class:`TrainingError` on a corpus that is too small, a state or checkpoint of another preset, a
    full disk or a loss or weight that is not finite: such a state is never written. At
    SIGINT and SIGTERM the step is ended and the state written; then KeyboardInterrupt is raised.
    """
    check_corpus(corpus, preset)
    run.mkdir(parents=True, exist_ok=True)
    documents = read_documents(corpus, "train")
    held_out = read_documents(corpus, "heldout")
    device = _device()
    model = build_model(preset.architecture, preset.seed)
    if start is not None and not (run / STATE_FILE).exists():
        _load_checkpoint(model, start, preset)
    model.to(device)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("vision" not in name)
    optimisers = build_optimisers(model, preset, _precision(device))
    step, seen, elapsed = _restore(run, preset, model, optimisers)
    cut_log(run, step)
    batches = _load(documents, tokenizer, preset, device, seed=preset.seed + step)
    validation = _validation_batches(held_out, tokenizer, preset, device)
    meter = Meter(preset.architecture, device, _precision(device))
    smooth = _Smoothed()
    last_saved = started = time.monotonic()
    before, waited, waited_logged = elapsed, 0.0, 0.0
    with _stop_signals() as stop, closing(batches):
        while seen < preset.tokens:
            done = seen / preset.tokens
            rate = rate_at(done, preset)
            for optimiser in optimisers:
                for group in optimiser.param_groups:
                    group["lr"] = group["initial_lr"] * rate
            asked = time.monotonic()
            batch = next(batches)
            waited += time.monotonic() - asked
            generator = torch.Generator(device).manual_seed(preset.seed * 1_000_003 + step)
            conditioned = (
                done >= preset.self_conditioning_from
                and _chance(preset.seed, step) < preset.self_conditioning
            )
            on_policy = done >= preset.on_policy_from and _chance(preset.seed + 1, step) < 0.5
            with _autocast(device):
                losses = training_losses(
                    model, batch, preset, generator, self_conditioned=conditioned, on_policy=on_policy
                )
            losses.total.backward()  # type: ignore[no-untyped-call]  # torch leaves it unannotated
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for optimiser in optimisers:
                optimiser.step()
                optimiser.zero_grad(set_to_none=True)
            step += 1
            seen += int(batch.context_mask.sum()) + batch.canvas.numel()
            meter.add(batch, first_pass=conditioned or on_policy)
            now = time.monotonic()
            elapsed = before + now - started
            smooth.add(losses.decoder.item(), losses.encoder.item(), batch, now)
            if not smooth.finite:
                raise _diverged("the loss", step, run, preset)
            utilisation = meter.utilisation(now)
            report(Progress(step, seen, preset.tokens, *smooth.values, utilisation))
            save = now - last_saved > SAVE_EVERY_S or seen >= preset.tokens or bool(stop)
            if save or step % LOG_EVERY == 0:
                line = LogLine(step, seen, round(elapsed, 1), rate, *smooth.values, utilisation)
                line.waited, waited_logged = round(waited - waited_logged, 3), waited
                if save:
                    validated = validate(model, validation, preset)
                    if not all(map(math.isfinite, validated)):
                        raise _diverged("the held-out loss", step, run, preset)
                    if not all(values.isfinite().all() for values in model.parameters()):
                        raise _diverged("a weight", step, run, preset)
                    (
                        line.validation_decoder_loss,
                        line.validation_encoder_loss,
                        line.validation_exact_match,
                    ) = validated
                    states = [optimiser.state_dict() for optimiser in optimisers]
                    write_state(run, State(preset, step, seen, elapsed, model.state_dict(), states))
                    last_saved = time.monotonic()
                append_line(run, line)
                if save:
                    saved()
            if stop:
                raise KeyboardInterrupt


def _diverged(what: str, step: int, run: Path, preset: Preset) -> TrainingError:
    """The error of a run whose loss or weights are no longer numbers."""
    lower = f"--set matrix_rate={preset.matrix_rate / 2:g} --set other_rate={preset.other_rate / 2:g}"
    checkpoint = run / CHECKPOINT
    start = f"; --from {checkpoint} goes on from what this one had learned" if checkpoint.exists() else ""
    return TrainingError(
        f"{what} is not finite at step {step}, and was not saved; begin a run in another folder with lower rates, "
        f"as by {lower}{start}"
    )


def _restore(
    run: Path,
    preset: Preset,
    model: "DiffusionGemmaForBlockDiffusion",
    optimisers: Sequence[torch.optim.Optimizer],
) -> tuple[int, int, float]:
    """Go on from the state of ``run``; answers steps, tokens and seconds already spent, zero where it has none."""
    if not (run / STATE_FILE).exists():
        return 0, 0, 0.0
    state = read_state(run, model.device)
    if not same_outcome(state.preset, preset):
        raise TrainingError(f"{run / STATE_FILE} is of another preset; use another run folder, or remove it")
    model.load_state_dict(state.model)
    for optimiser, values in zip(optimisers, state.optimisers, strict=True):
        optimiser.load_state_dict(values)
    return state.step, state.tokens, state.elapsed


def device_name() -> str:
    """The device that runs are trained on, for people."""
    if _device().type == "cuda":
        return str(torch.cuda.get_device_name())
    return f"CPU, {torch.get_num_threads()} threads"


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _precision(device: torch.device) -> torch.dtype:
    """What products of matrices are computed in: bfloat16 where the device has it natively, else float32."""
    return choose_dtype("auto", device)


def _autocast(device: torch.device) -> torch.autocast:
    precision = _precision(device)
    return torch.autocast(device.type, precision, enabled=precision is torch.bfloat16)


@contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """A list that gets the number of each SIGINT and SIGTERM: a step is never left half done."""
    received: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        received.append(number)

    previous = {number: signal.signal(number, remember) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _load_checkpoint(model: "DiffusionGemmaForBlockDiffusion", folder: Path, preset: Preset) -> None:
    """Give ``model`` the weights of a checkpoint. Raises :class:`TrainingError` where they are of other sizes."""
    from transformers import DiffusionGemmaForBlockDiffusion

    try:
        found = DiffusionGemmaForBlockDiffusion.from_pretrained(folder, dtype=torch.float32)
        model.load_state_dict(found.state_dict())
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise TrainingError(
            f"{folder} is no checkpoint to start `{preset.name}` from: {reason} name one of the same sizes"
        ) from error


def build_optimisers(
    model: "DiffusionGemmaForBlockDiffusion", preset: Preset, precision: torch.dtype
) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the blocks, AdamW for embeddings, gains and the expert."""
    matrices: list[torch.Tensor] = []
    others: list[torch.Tensor] = []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            is_matrix = parameter.ndim == 2 and "embed" not in name and "router" not in name
            (matrices if is_matrix and "lm_head" not in name else others).append(parameter)
    muon = torch.optim.Muon if precision is torch.bfloat16 else Float32Muon
    optimisers: list[torch.optim.Optimizer] = [
        muon(matrices, lr=preset.matrix_rate, weight_decay=0.01, momentum=0.95),
        torch.optim.AdamW(others, lr=preset.other_rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["initial_lr"] = group["lr"]
    return optimisers


@torch.no_grad()
def validate(
    model: "DiffusionGemmaForBlockDiffusion", batches: Sequence[Batch], preset: Preset
) -> tuple[float, float, float]:
    """Mean decoder and encoder loss over held-out ``batches``, and the share of canvases that one pass gets right.

    The noise is the same at every call; for the third measure it is all noise.
    """
    device = batches[0].canvas.device
    generator = torch.Generator(device).manual_seed(1)
    totals = torch.zeros(3)
    for batch in batches:
        with _autocast(device):
            losses = training_losses(model, batch, preset, generator, self_conditioned=False)
            noise = batch.canvas.masked_fill(batch.free, MASK_ID)
            guess = head(model, decode(model, batch, encode(model, batch), noise, None)).argmax(-1)
        right = ((guess == batch.canvas) | ~batch.free).all(-1).float().mean()
        totals += torch.stack([losses.decoder, losses.encoder, right]).float().cpu()
    decoder, encoder, exact = (totals / len(batches)).tolist()
    return decoder, encoder, exact


class _Smoothed:
    """Running means of losses and speed, for people."""

    def __init__(self) -> None:
        self.values = (0.0, 0.0, 0.0)
        self.finite = True
        self.last: float | None = None

    def add(self, decoder: float, encoder: float, batch: Batch, now: float) -> None:
        tokens = int(batch.context_mask.sum()) + batch.canvas.numel()
        speed = tokens / (now - self.last) if self.last is not None else 0.0
        keep = 0.98 if self.last is not None else 0.0
        fresh = (decoder, encoder, speed)
        if self.last is not None and self.values[2] == 0.0:
            self.values = (*self.values[:2], speed)
        self.values = tuple(
            keep * old + (1 - keep) * new for old, new in zip(self.values, fresh, strict=True)
        )  # type: ignore[assignment]  # three in, three out
        self.finite = decoder == decoder and encoder == encoder and abs(decoder + encoder) != float("inf")
        self.last = now


class _Stream(IterableDataset[Batch]):
    """Batches of one loader process; each loader draws with a seed of its own."""

    def __init__(
        self, documents: Sequence[Document], tokenizer: Tokenizer, preset: Preset, seed: int
    ) -> None:
        self.documents, self.tokenizer, self.preset, self.seed = documents, tokenizer, preset, seed

    def __iter__(self) -> Iterator[Batch]:
        worker = torch.utils.data.get_worker_info()
        seed = self.seed * 1009 + (worker.id if worker else 0)
        sampler = Sampler(self.documents, self.tokenizer, self.preset.formats, seed)
        return sampler.batches(self.preset.geometries)


def _load(
    documents: Sequence[Document], tokenizer: Tokenizer, preset: Preset, device: torch.device, seed: int
) -> Generator[Batch, None, None]:
    """Batches on ``device``, without end; closing it ends its loader processes."""
    stream = _Stream(documents, tokenizer, preset, seed)
    loader = DataLoader(
        stream,
        batch_size=None,
        num_workers=preset.loaders,
        prefetch_factor=8 if preset.loaders else None,
        pin_memory=device.type == "cuda",
        worker_init_fn=_ignore_stop_signals,
    )
    for batch in loader:
        yield _on(device, batch)


def _ignore_stop_signals(worker: int) -> None:
    """Leave SIGINT and SIGTERM, which a whole process group gets, to the run: it ends its step and then its loaders."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _validation_batches(
    documents: Sequence[Document], tokenizer: Tokenizer, preset: Preset, device: torch.device
) -> list[Batch]:
    sampler = Sampler(documents, tokenizer, preset.formats, seed=12345)
    return [_on(device, sampler.batch(preset.geometries[0])) for _ in range(VALIDATION_BATCHES)]


def _on(device: torch.device, batch: Batch) -> Batch:
    return Batch(*(tensor.to(device, non_blocking=True) for tensor in batch))


def _chance(seed: int, step: int) -> float:
    return float(torch.rand((), generator=torch.Generator().manual_seed(seed * 7919 + step)))
