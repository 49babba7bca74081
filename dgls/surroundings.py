"""What stands on the disk around a document: its project's settings, the ignore files that name it, where links lead.

Reads the disk, and so belongs in a thread of its own. Knows no session; what follows from it says ``policy.py``.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.base import GitIgnorePatternError

from dgls.layers import Layer, project_layer

PROJECT_FILE = "pyproject.toml"
IGNORE_FILE = ".dglsignore"

Stamp = tuple[int, int] | None
"""When a file was changed, in nanoseconds, and its bytes; None where there is none."""


class Surroundings(NamedTuple):
    """What stood around a document when it was looked at.

    ``root`` is the workspace folder that holds it. ``ignored_by`` names the file whose patterns name the document, or
    is empty.
    """

    path: Path
    real_path: Path
    root: Path | None
    project: Layer | None
    ignored_by: str
    problems: tuple[str, ...]
    stamps: tuple[tuple[Path, Stamp], ...]
    """Of every file that was looked for."""

    def still_hold(self) -> bool:
        """Whether the files that were looked for are as they were. Reads the disk."""
        return all(stamp == stamp_of(path) for path, stamp in self.stamps)


def look_around(path: Path, root: Path | None) -> Surroundings:
    """Read what stands around ``path``: in its folder and those above, up to ``root``, or to the last without one."""
    folders = list(_folders(path, root))
    stamps = [
        (folder / name, stamp_of(folder / name)) for folder in folders for name in (PROJECT_FILE, IGNORE_FILE)
    ]
    there = {file for file, stamp in stamps if stamp is not None}
    projects = (project_layer(folder / PROJECT_FILE) for folder in folders if folder / PROJECT_FILE in there)
    ignoring = [folder for folder in folders if folder / IGNORE_FILE in there]
    problems: list[str] = []
    specs = {folder: _spec(folder / IGNORE_FILE, problems) for folder in ignoring}
    return Surroundings(
        path,
        _real(path),
        root,
        next((layer for layer in projects if layer is not None), None),
        _ignored_by(path, specs),
        tuple(problems),
        tuple(stamps),
    )


def stamp_of(path: Path) -> Stamp:
    """By what a change of a file shows."""
    try:
        found = path.stat()
    except (OSError, ValueError):  # a name may hold what no name can
        return None
    return found.st_mtime_ns, found.st_size


def read_patterns(lines: list[str]) -> tuple[GitIgnoreSpec, list[str]]:
    """The patterns of an ignore file that can be read, and those that cannot."""
    good, wrong = [], []
    for line in lines:
        try:
            GitIgnoreSpec.from_lines([line])
        except GitIgnorePatternError:
            wrong.append(line)
        else:
            good.append(line)
    return GitIgnoreSpec.from_lines(good), wrong


def names(spec: GitIgnoreSpec, relative: str) -> bool | None:
    """Whether patterns name a file, or a folder that holds it; None where they say neither yes nor no.

    ``relative`` is its path with slashes. As git has it, nothing is taken out again of a folder that is named.
    """
    parts = relative.split("/")
    for count in range(1, len(parts)):
        if spec.check_file("/".join(parts[:count]) + "/").include:
            return True
    return spec.check_file(relative).include


def _folders(path: Path, root: Path | None) -> Iterator[Path]:
    """The folder of ``path`` and those above it, up to and with ``root``; none for a path that is not absolute."""
    if path.is_absolute():
        for folder in path.parents:
            yield folder
            if folder == root:
                return


def _ignored_by(path: Path, specs: dict[Path, GitIgnoreSpec]) -> str:
    """The ignore file that names ``path``, or "". A nearer one has the last word, unless a farther names its folder."""
    nearer: str | None = None
    for folder, spec in specs.items():  # from the nearest on
        relative = path.relative_to(folder).as_posix()
        own = str(folder / IGNORE_FILE)
        parent = relative.rpartition("/")[0]
        if parent and names(spec, f"{parent}/"):
            nearer = own
        elif nearer is None and (said := spec.check_file(relative).include) is not None:
            nearer = own if said else ""
    return nearer or ""


def _spec(path: Path, problems: list[str]) -> GitIgnoreSpec:
    """The patterns of an ignore file; one that cannot be read ignores everything, since it was meant to hide things."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        problems.append(f"{path} cannot be read, so nothing beside or below it is filled: {reason}")
        return GitIgnoreSpec.from_lines(["*"])
    spec, wrong = read_patterns(lines)
    problems += [f"{path} is read without {line!r}, which is no pattern of an ignore file" for line in wrong]
    return spec


def _real(path: Path) -> Path:
    try:
        return path.resolve() if path.is_absolute() else path
    except (OSError, RuntimeError, ValueError):
        return path
