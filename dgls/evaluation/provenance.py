"""How a result came about: what a reader needs to get it again, and the lines that say so below every report."""

import hashlib
import os
import platform
import shlex
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import torch

import dgls
from dgls.config import ModelSettings
from dgls.evaluation.cuts import MODULES, SourceFile
from dgls.model.checkpoint import find_checkpoint
from dgls.model.placement import choose_device, choose_dtype
from dgls.syntax.language import grammars_folder

PACKAGES = ("torch", "transformers", "tokenizers", "tree-sitter")
CODE = frozenset({".py", ".js", ".rs"})
"""What of the package's files is its code; samples are measured on."""


class Header(msgspec.Struct, frozen=True):
    """What a reader needs to get the same results again.

    ``command``, ``date`` and ``machine`` are those of one run: in a file of results, the first.
    """

    benchmark: str
    benchmark_sha256: str
    checkpoint: str | None
    checkpoint_sha256: str | None
    seed: int
    settings: Mapping[str, Any]
    versions: dict[str, str]
    machine: dict[str, Any]
    command: str
    date: str


def header_of(
    benchmark: str,
    benchmark_sha256: str,
    model: ModelSettings,
    seed: int,
    settings: Mapping[str, Any],
    **machine: Any,
) -> Header:
    """The header of a run that begins now: ``settings`` are what it measures with, ``machine`` what it takes of it.

    Raises :class:`dgls.model.description.CheckpointError`.
    """
    device = choose_device(model.device)
    placement = {"device": device.type, "dtype": str(choose_dtype(model.dtype, device))}
    threads = model.threads or torch.get_num_threads()
    return Header(
        benchmark=benchmark,
        benchmark_sha256=benchmark_sha256,
        checkpoint=model.checkpoint,
        checkpoint_sha256=hash_of(find_checkpoint(model.checkpoint, model.allow_download)),
        seed=seed,
        settings={**placement, **settings},
        versions=versions(),
        machine={"system": platform.platform(), "cores": usable_cores(), **machine, "threads": threads},
        command=shlex.join(["dgls", *sys.argv[1:]]),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def lines_of(header: Header) -> list[str]:
    """What stands below every table."""
    versions = ", ".join(f"{name} {version}" for name, version in header.versions.items())
    machine = ", ".join(f"{name} {value}" for name, value in header.machine.items())
    return [
        f"command: {header.command}",
        f"date: {header.date}; seed {header.seed}",
        f"benchmark SHA-256: {header.benchmark_sha256}",
        f"checkpoint SHA-256: {header.checkpoint_sha256}",
        f"versions: {versions}",
        f"machine: {machine}",
    ]


def versions() -> dict[str, str]:
    """The versions that a result depends on; ``source`` tells one dgls from another that is called the same."""
    return {
        "dgls": dgls.__version__,
        "source": source_hash()[:12],
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


@cache
def source_hash() -> str:
    """SHA-256 of dgls' own code and grammars, names and contents: the same in a checkout and installed from it."""
    package, grammars = Path(dgls.__file__).parent, grammars_folder()
    code = [file for file in package.rglob("*") if file.suffix in CODE]
    rules = [*grammars.glob("*/*.toml"), *grammars.glob("*/*.scm")]
    return _hash_of_named(
        sorted(
            [
                *((file.relative_to(package).as_posix(), hash_of(file)) for file in code),
                *((f"grammars/{file.relative_to(grammars).as_posix()}", hash_of(file)) for file in rules),
            ]
        )
    )


def hash_of(path: Path) -> str:
    """SHA-256 of a file, or of a checkpoint's folder: names and contents of all its files but for its card."""
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    files = sorted(file for file in path.rglob("*") if file.is_file() and file.suffix != ".md")
    return _hash_of_named((file.relative_to(path).as_posix(), hash_of(file)) for file in files)


def hash_of_texts(texts: Iterable[tuple[str, str]]) -> str:
    """SHA-256 of named texts, in this order."""
    return _hash_of_named((name, hashlib.sha256(text.encode()).hexdigest()) for name, text in texts)


def hash_of_modules() -> str:
    """SHA-256 of the modules of the standard library that are cut from: each Python has its own.

    Raises :class:`dgls.evaluation.cuts.ModuleMissing`.
    """
    return hash_of_texts((module, SourceFile(module).text) for module in MODULES)


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _hash_of_named(hashes: Iterable[tuple[str, str]]) -> str:
    digest = hashlib.sha256()
    for name, sha256 in hashes:
        digest.update(f"{name}\0{sha256}\n".encode())
    return digest.hexdigest()
