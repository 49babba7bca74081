"""Which source files may be trained on: the standard library and permissively licensed installed packages.

A source file belongs to a package (a top-level module of the standard library, a distribution, or a folder given by
the user); packages, never single files, are split into training and held-out data.
"""

import re
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import NamedTuple

from dgls.training.excluded import PACKAGES, is_excluded_module

PERMISSIVE = re.compile(
    r"\b(mit|bsd|apache|isc|psf|python-2\.0|python software foundation|unlicense|0bsd|zlib|hpnd|cc0|public domain)\b",
    re.IGNORECASE,
)
RESTRICTED = re.compile(r"\b(gpl|lgpl|agpl|gnu|mpl|mozilla|proprietary|commercial|nvidia)\b", re.IGNORECASE)
SUFFIXES = {".py": "python"}


class SourceFile(NamedTuple):
    """One file that may be trained on; ``name`` is its path inside the package."""

    path: Path
    name: str
    language: str


class SourcePackage(NamedTuple):
    """A package with its licence, as its metadata states it, and the files that it offers."""

    name: str
    version: str
    licence: str
    files: list[SourceFile]


def interpreter_packages() -> Iterator[SourcePackage]:
    """The standard library, one package per top-level module, then the installed distributions by name."""
    yield from _standard_library()
    found = {distribution.name.lower(): distribution for distribution in distributions() if distribution.name}
    for _, distribution in sorted(found.items()):
        licence = permissive_licence(distribution)
        if licence is None or distribution.name.lower() in PACKAGES:
            continue
        root = Path(str(distribution.locate_file("")))
        names = (str(file) for file in distribution.files or ())
        files = [
            SourceFile(root / name, name, SUFFIXES[Path(name).suffix])
            for name in sorted(names)
            if Path(name).suffix in SUFFIXES and not name.startswith("..") and (root / name).is_file()
        ]
        if files:
            yield SourcePackage(distribution.name, distribution.version, licence, files)


def folder_packages(folder: Path) -> Iterator[SourcePackage]:
    """The packages of a folder that the user names: one per top-level entry; the user answers for its licence."""
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is no folder of source files")
    by_package: dict[str, list[SourceFile]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in SUFFIXES and path.is_file():
            name = path.relative_to(folder)
            by_package.setdefault(name.parts[0], []).append(
                SourceFile(path, str(name), SUFFIXES[path.suffix])
            )
    for package, files in by_package.items():
        yield SourcePackage(package.removesuffix(".py"), "", f"as given ({folder.name})", files)


def permissive_licence(distribution: Distribution) -> str | None:
    """What a distribution's metadata says of its licence, if that is permissive and nothing in it is not."""
    metadata = distribution.metadata
    stated = metadata.get_all("License-Expression") or []
    stated += [value for value in metadata.get_all("Classifier") or () if value.startswith("License ::")]
    if not stated:
        stated = [value.strip().partition("\n")[0] for value in metadata.get_all("License") or ()]
    words = " ".join(stated).replace("-", " - ").replace("_", " ")
    if not PERMISSIVE.search(words) or RESTRICTED.search(words):
        return None
    return str(stated[0])


def _standard_library() -> Iterator[SourcePackage]:
    root = Path(sysconfig.get_path("stdlib"))
    by_package: dict[str, list[SourceFile]] = {}
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root)
        if {"site-packages", "dist-packages", "lib2to3", "__pycache__"} & set(name.parts):
            continue
        dotted = ".".join(name.with_suffix("").parts).removesuffix(".__init__")
        if not is_excluded_module(dotted):
            by_package.setdefault(name.with_suffix("").parts[0], []).append(
                SourceFile(path, str(name), "python")
            )
    version = ".".join(map(str, sys.version_info[:3]))
    for package, files in by_package.items():
        yield SourcePackage(f"stdlib:{package}", version, "PSF-2.0", files)
