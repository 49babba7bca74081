"""The folder of a run: what its parts are called, and how each is written, so that none is ever seen half done."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CORPUS, TOKENIZER, CHECKPOINT = "corpus", "tokenizer", "checkpoint"
STATE_FILE, LOG_FILE, RUNS_FILE = "state.pt", "log.jsonl", "training.json"
EARLIER_CARD = "earlier.md"
"""The card of the checkpoint that a run began from."""


class TrainingError(Exception):
    """A run that cannot start or go on, or has no whole state to export; the message says what to do."""


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A path beside ``path`` to write a file or folder to, which takes the place of ``path`` at the end.

    What stood there stays whole until then, and comes back at the next call where a kill met the exchange of two
    folders. Raises :class:`TrainingError` where anything cannot be written.
    """
    place = path.resolve()
    aside, old = (place.with_name(f"{place.name}.dgls.{ending}") for ending in ("partial", "old"))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _settle(place, old)
        _remove(aside)
        yield aside
        if place.is_dir():  # no folder can be renamed over one that holds something
            place.rename(old)
        aside.replace(place)
    except (
        Exception
    ) as error:  # a full disk is an OSError to Python, a RuntimeError to torch, else a bare Exception
        raise TrainingError(
            f"{path} cannot be written ({error}); what stood there before is whole: make room, or mend what else is "
            "wrong, and run the command again"
        ) from error
    finally:
        _remove(aside)
        _settle(place, old)


def _settle(place: Path, old: Path) -> None:
    """End an exchange of folders: the old one goes where a new one stands, and comes back where none does."""
    if old.exists() and not place.exists():
        old.rename(place)
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
