"""Which source files may be trained on: the standard library and permissively licensed installed packages.

A source file belongs to a package (a top-level module of the standard library, a distribution, or a folder given by
the user); packages, never single files, are split into training and held-out data.
"""

import json
import re
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import NamedTuple

from dgls.training.excluded import PACKAGES, is_excluded_module

PERMISSIVE = re.compile(
    r"(?<![a-z])(mit|bsd|apache|isc|psf|python[- ]2\.0|python software foundation|cnri|unlicense|zlib|libpng|hpnd"
    r"|historical permission notice|boost|bsl-1\.0|unicode|cc0|public domain)(?![a-z])",
    re.IGNORECASE,
)
RESTRICTED = re.compile(
    r"gpl|(?<![a-z])(gnu|mpl|mozilla|epl|eclipse|eupl|cddl|sspl|busl|business source|cc[- ]by|commons[- ]clause"
    r"|non-?commercial|no-?derivatives|proprietary|commercial|nvidia|protection)",
    re.IGNORECASE,
)
TERMS = re.compile(r"\band\b|[&;/]|,(?! *(?:v|version)? *\d)", re.IGNORECASE)
"""What stands between licences that all hold; "Apache License, Version 2.0" is one. A choice is an upper-case OR."""
NAMES_NONE = "License :: OSI Approved"
"""A classifier that stands beside those which name a licence."""
PARENTHESES = re.compile(r"\(([^()]*)\)")
SUFFIXES = {
    ".py": "python",
    ".js": "javascript",
    ".mjs": "javascript",
    ".ts": "typescript",
    ".rs": "rust",
}


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
    yield from _distributions(None)


def folder_packages(folder: Path) -> Iterator[SourcePackage]:
    """The packages of a folder that the user names.

    What pip installed there (``pip install --target``), npm (a ``node_modules`` folder) or cargo unpacked (folders with
    a ``Cargo.toml``) is known with its version, and taken if its metadata states a permissive licence. For anything
    else, one package per top-level entry, the user answers.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is no folder of source files")
    if any(folder.glob("*.dist-info")):
        yield from _distributions([str(folder)])
        return
    entries = [folder / "node_modules"] if (folder / "node_modules").is_dir() else [folder]
    entries = [entry for root in entries for entry in sorted(root.iterdir())]
    for entry in entries:
        scoped = sorted(entry.iterdir()) if entry.name.startswith("@") and entry.is_dir() else [entry]
        for root in scoped:
            package = _stated(root) or SourcePackage(
                root.name.removesuffix(".py"), "", f"as given ({folder.name})", []
            )
            files = list(_source_files(root, folder))
            if files and (package.licence.startswith("as given") or is_permissive(package.licence)):
                yield package._replace(files=files)


def is_permissive(licence: str) -> bool:
    """Whether a licence's name, or an SPDX expression, lets one use the work on permissive terms alone.

    Of licences that all hold each must be known as permissive, of a choice one such branch is enough. Names are matched
    loosely, since most metadata is older than SPDX: what is not known is not permissive.
    """
    while inner := PARENTHESES.search(licence):
        branch = _permissive_branch(inner[1]) or inner[1].replace(" OR ", " AND ")
        licence = f"{licence[: inner.start()]} {branch} {licence[inner.end() :]}"
    return _permissive_branch(licence) is not None


def _permissive_branch(expression: str) -> str | None:
    """The first permissive branch of an expression without parentheses."""
    for branch in expression.replace("_", " ").split(" OR "):
        terms = TERMS.split(branch)
        if all(PERMISSIVE.search(term) and not RESTRICTED.search(term) for term in terms):
            return branch
    return None


def permissive_licence(distribution: Distribution) -> str | None:
    """What a distribution's metadata says of its licence, if all of it is permissive."""
    metadata = distribution.metadata
    stated = metadata.get_all("License-Expression") or []
    classifiers = metadata.get_all("Classifier") or ()
    stated += [value for value in classifiers if value.startswith("License ::") and value != NAMES_NONE]
    if not stated:
        stated = [value.strip().partition("\n")[0] for value in metadata.get_all("License") or ()]
    return str(stated[0]) if stated and all(map(is_permissive, stated)) else None


def _distributions(path: list[str] | None) -> Iterator[SourcePackage]:
    """The Python distributions of the folders ``path`` (None: those of this interpreter), by name."""
    all_of_them = distributions() if path is None else distributions(path=path)
    found = {distribution.name.lower(): distribution for distribution in all_of_them if distribution.name}
    for _, distribution in sorted(found.items()):
        licence = permissive_licence(distribution)
        if licence is None or distribution.name.lower() in PACKAGES:
            continue
        root = Path(str(distribution.locate_file("")))
        names = sorted(str(file) for file in distribution.files or ())
        files = [
            SourceFile(root / name, name, SUFFIXES[Path(name).suffix])
            for name in names
            if _is_source(name) and not name.startswith("..") and (root / name).is_file()
        ]
        if files:
            yield SourcePackage(distribution.name, distribution.version, licence, files)


def _stated(root: Path) -> SourcePackage | None:
    """Name, version and licence of an unpacked npm package or crate, without its files; None for anything else."""
    try:
        if (root / "package.json").is_file():
            manifest = json.loads((root / "package.json").read_text(encoding="utf-8"))
            licence = manifest.get("license") or "none stated"
            if isinstance(licence, dict):
                licence = licence.get("type", "none stated")
        elif (root / "Cargo.toml").is_file():
            manifest = tomllib.loads((root / "Cargo.toml").read_text(encoding="utf-8"))["package"]
            licence = manifest.get("license", "none stated")
        else:
            return None
        return SourcePackage(str(manifest["name"]), str(manifest.get("version", "")), str(licence), [])
    except (OSError, ValueError, KeyError, AttributeError):
        return SourcePackage(root.name, "", "unreadable metadata", [])


def _source_files(root: Path, folder: Path) -> Iterator[SourceFile]:
    """The source files in ``root`` (or that file), but for what its own dependencies brought."""
    for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
        name = str(path.relative_to(folder))
        if _is_source(name) and "node_modules" not in path.relative_to(root).parts and path.is_file():
            yield SourceFile(path, name.removeprefix("node_modules/"), SUFFIXES[path.suffix])


def _is_source(name: str) -> bool:
    return Path(name).suffix in SUFFIXES and not name.endswith((".min.js", ".d.ts"))


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
