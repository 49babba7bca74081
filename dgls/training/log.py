"""The log of a run: one JSON object per line, by which it can be judged; never ahead of the run's state."""

from pathlib import Path

import msgspec

from dgls.training.folder import LOG_FILE, TrainingError, written_aside


class LogLine(msgspec.Struct, omit_defaults=True):
    """One line of the log. Losses are in nats per token, ``elapsed`` in seconds of training; ``rate`` is the share of
    the peak learning rate; ``utilisation`` is that of the model's own operations of what the machine can do (MFU);
    ``waited`` are the seconds, of those since the line before, in which the next batch was not there yet."""

    step: int
    tokens: int
    elapsed: float
    rate: float
    decoder_loss: float
    encoder_loss: float
    tokens_per_second: float
    utilisation: float | None = None
    waited: float | None = None
    validation_decoder_loss: float | None = None
    validation_encoder_loss: float | None = None
    validation_exact_match: float | None = None


def read_log(run: Path) -> list[LogLine]:
    """The log of a run, in order. Raises :class:`TrainingError` where there is none, or a line of it is damaged."""
    path = run / LOG_FILE
    mend = f'run the command that began the run again ("dgls train run {run}" and its options)'
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise TrainingError(
            f"{path} cannot be read ({error.strerror}); {mend}: it begins a new log"
        ) from error
    log: list[LogLine] = []
    for number, line in enumerate(lines, 1):
        try:
            log.append(msgspec.json.decode(line, type=LogLine))
        except msgspec.MsgspecError as error:
            raise TrainingError(
                f"{path} is damaged in line {number} ({error}); {mend}: it drops what cannot be read"
            ) from error
    return log


def append_line(run: Path, line: LogLine) -> None:
    """Add ``line`` to the log of a run. Raises :class:`TrainingError` on a full disk."""
    path = run / LOG_FILE
    try:
        with path.open("ab") as log:
            log.write(msgspec.json.encode(line) + b"\n")
    except OSError as error:
        raise TrainingError(
            f"{path} cannot be written ({error.strerror}); make room and run the command again"
        ) from error


def cut_log(run: Path, step: int) -> None:
    """Drop from the log of a run what is behind ``step``, that of its state, and lines that cannot be read.

    A run that was killed has logged steps that it takes again, and may have ended in the midst of a line.
    """
    path = run / LOG_FILE
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    kept = [line for line in lines if _step_of(line) <= step]
    if kept != lines or not path.exists():
        with written_aside(path) as aside:
            aside.write_bytes(b"".join(kept))


def _step_of(line: bytes) -> float:
    """The step of a line of the log; infinite where it cannot be read."""
    try:
        return msgspec.json.decode(line, type=LogLine).step if line.endswith(b"\n") else float("inf")
    except msgspec.MsgspecError:
        return float("inf")
