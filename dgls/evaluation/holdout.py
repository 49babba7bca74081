"""Gaps cut out of source files that a checkpoint was not trained on, of every kind, in every language with a grammar.

Nodes of the syntax tree, whole lines, what is left of a line behind a cursor, and spans that cut through words. Whether
a checkpoint was trained on a file cannot be seen from the file: whoever names a folder answers for that.
"""

import itertools
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from dgls.evaluation.case import Case
from dgls.evaluation.judging import parses
from dgls.evaluation.provenance import hash_of_texts
from dgls.syntax import GrammarMissing, Language, language_of
from dgls.syntax.parts import PARTS, is_sound, parts_of
from dgls.training.corpus import Document

KINDS = (*PARTS, "line", "rest of line", "span")
SHORTEST, LONGEST = 4, 200
"""Characters of a gap."""
SMALLEST_FILE, LARGEST_FILE = 400, 200_000
"""Characters of a file."""
TRIES = 50
"""Files looked at for one gap: a language may lack a kind."""

NOTE = (
    "whether the checkpoint was trained on these files cannot be told from them: its card says what it read"
)


class HoldoutError(Exception):
    """No gaps can be cut; the message says why."""


class SourceText(NamedTuple):
    """A file that gaps may be cut out of; ``name`` is its path inside the folder or the package."""

    name: str
    language: Language
    text: str

    @property
    def language_id(self) -> str:
        """The LSP language id."""
        return self.language.description.ids[0]


class Sources(NamedTuple):
    """The files of a folder or a corpus, sorted by name, and how many others were left out, by reason."""

    files: list[SourceText]
    skipped: Counter[str]

    @property
    def sha256(self) -> str:
        """The hash of all names and texts."""
        return hash_of_texts((file.name, file.text) for file in self.files)

    def only(self, languages: Sequence[str]) -> "Sources":
        """Those in ``languages``, by LSP language id. Raises :class:`HoldoutError` where there are none of one."""
        found = {file.language_id for file in self.files}
        for language in languages:
            if language not in found:
                raise HoldoutError(
                    f"no source file is in {language!r}; there are: {', '.join(sorted(found))}"
                )
        return Sources([file for file in self.files if file.language_id in languages], self.skipped)

    def notes(self) -> list[str]:
        """What a report says of them."""
        found = Counter(file.language_id for file in self.files)
        counts = ", ".join(f"{count} {language}" for language, count in found.most_common())
        left = ", ".join(f"{count} {reason}" for reason, count in self.skipped.most_common()) or "none"
        return [NOTE, f"files: {counts}; left out: {left}"]


def read_folder(folder: Path) -> Sources:
    """The source files under ``folder``, hidden folders left out. Raises :class:`HoldoutError` where there are none."""
    return _usable(_files_of(folder), str(folder))


def sources_of(documents: Iterable[Document], origin: str) -> Sources:
    """The ``documents`` of a corpus called ``origin``. Raises :class:`HoldoutError` where there are none."""
    contents = (
        (f"{document.package}/{document.name}", document.language, document.text.encode())
        for document in documents
    )
    return _usable(contents, origin)


def _files_of(folder: Path) -> Iterator[tuple[str, str, bytes | None]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if any(part.startswith(".") for part in name.parts) or not path.is_file():
            continue
        try:
            yield name.as_posix(), "", path.read_bytes()
        except OSError:
            yield name.as_posix(), "", None


def _usable(contents: Iterable[tuple[str, str, bytes | None]], origin: str) -> Sources:
    """The files among (name, language id, content) that are sound source code in a language that is known."""
    files: list[SourceText] = []
    skipped: Counter[str] = Counter()
    seen: set[str] = set()
    for name, language_id, content in contents:
        try:
            language = language_of(language_id, name)
        except GrammarMissing as missing:
            skipped[f"without a grammar ({missing})"] += 1
            continue
        if language is None:
            continue  # no source file, as far as anyone here knows
        if content is None:
            skipped["unreadable"] += 1
            continue
        try:
            text = content.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError:
            skipped["not UTF-8"] += 1
            continue
        if not SMALLEST_FILE <= len(text) <= LARGEST_FILE:
            skipped["too small or too large"] += 1
        elif text in seen:
            skipped["duplicates"] += 1
        else:
            seen.add(text)
            files.append(SourceText(name, language, text))
    if not files:
        reasons = ", ".join(f"{count} {reason}" for reason, count in skipped.items()) or "no source files"
        raise HoldoutError(f"{origin} holds no source file to cut gaps out of: {reasons}")
    return Sources(sorted(files, key=lambda file: file.name), skipped)


def cut_cases(sources: Sources, count: int, seed: int, report: Callable[[int], None]) -> list[Case]:
    """``count`` gaps: languages in turn, in each the kinds in turn, in each kind the files in turn.

    The same for the same seed; a higher count adds to what a lower one chose. ``report`` is told how many are cut.
    Raises :class:`HoldoutError` where the files have fewer.
    """
    generator = random.Random(seed)
    by_language: dict[str, list[SourceText]] = {}
    for file in generator.sample(sources.files, len(sources.files)):
        by_language.setdefault(file.language_id, []).append(file)
    draws = [_Draws(files, random.Random(f"{seed} {name}")) for name, files in sorted(by_language.items())]
    cases: dict[str, Case] = {}
    turns = [(kind, draw) for kind in KINDS for draw in draws]
    misses = 0
    for kind, draw in itertools.cycle(turns):
        case = draw.next(kind)
        if case is not None and case.name not in cases:
            cases[case.name] = case
            misses = 0
            report(len(cases))
        else:
            misses += 1
        if len(cases) == count:
            return list(cases.values())
        if misses > 20 * len(turns):
            raise HoldoutError(f"these files give {len(cases)} gaps; ask for no more (--gaps {len(cases)})")
    raise AssertionError("a cycle has no end")


class _Draws:
    """The files of one language, from which gaps are drawn; files that do not parse are passed over."""

    def __init__(self, files: Sequence[SourceText], generator: random.Random) -> None:
        self._files = files
        self._generator = generator
        self._next = dict.fromkeys(KINDS, 0)
        self._spans: dict[int, dict[str, list[tuple[int, int]]]] = {}

    def next(self, kind: str) -> Case | None:
        """A gap of ``kind`` from the next file that has one; None if none of the next few has."""
        for _ in range(min(TRIES, len(self._files))):
            index = self._next[kind] % len(self._files)
            self._next[kind] += 1
            spans = self._spans_of(index).get(kind)
            if spans:
                start, end = self._generator.choice(spans)
                return case_of(self._files[index], kind, start, end)
        return None

    def _spans_of(self, index: int) -> dict[str, list[tuple[int, int]]]:
        if index not in self._spans:
            file = self._files[index]
            sound = is_sound(file.text, file.language) and parses(file.text, file.language_id)
            self._spans[index] = spans_of(file, self._generator) if sound else {}
        return self._spans[index]


def case_of(file: SourceText, kind: str, start: int, end: int) -> Case:
    """The gap ``file.text[start:end]``."""
    return Case(
        name=f"{file.name}:{start}-{end}",
        language=file.language_id,
        path=file.name,
        kind=kind,
        prefix=file.text[:start],
        suffix=file.text[end:],
        answer=file.text[start:end],
    )


def spans_of(file: SourceText, generator: random.Random) -> dict[str, list[tuple[int, int]]]:
    """All spans of each kind (character offsets); for spans that cut through words, as many as there are lines."""
    parts = parts_of(file.text, file.language, SHORTEST, LONGEST)
    found: dict[str, list[tuple[int, int]]] = {part: spans for part, spans in parts.items()}
    lines = list(_lines(file))
    found["line"] = [(line, end) for line, _, end in lines]
    found["rest of line"] = [
        (generator.randrange(first + 2, end - SHORTEST + 1), end)
        for _, first, end in lines
        if end - first >= SHORTEST + 2
    ]
    found["span"] = _through_words(file.text, len(lines), generator)
    return {
        kind: [
            (start, end) for start, end in spans if SHORTEST <= len(file.text[start:end].strip()) <= LONGEST
        ]
        for kind, spans in found.items()
    }


def _lines(file: SourceText) -> Iterator[tuple[int, int, int]]:
    """Per line of code: where it starts, where its text does, and where it ends; comments and blanks left out."""
    comments = tuple(file.language.description.comments.line)
    start = 0
    for line in file.text.split("\n"):
        body = line.strip()
        if body and not (comments and body.startswith(comments)):
            yield start, start + len(line) - len(line.lstrip()), start + len(line)
        start += len(line) + 1


def _through_words(text: str, count: int, generator: random.Random) -> list[tuple[int, int]]:
    """``count`` spans at most that begin and end inside words; lengths are log-uniform: typing leaves short gaps."""
    inside = [place.start() for place in re.finditer(r"(?<=\w)(?=\w)", text)]
    spans = []
    for start in generator.choices(inside, k=count) if inside else ():
        aim = start + round(math.exp(generator.uniform(math.log(SHORTEST), math.log(LONGEST))))
        end = next((place for place in range(aim, min(aim + 20, len(text))) if _cuts_word(text, place)), None)
        if end is not None:
            spans.append((start, end))
    return spans


def _cuts_word(text: str, place: int) -> bool:
    return bool(re.match(r"\w\w", text[place - 1 : place + 1]))
