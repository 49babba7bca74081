"""Which pieces of other texts help to fill a gap: those that share rare names with the code around it.

Texts are cut into pieces of up to 64 lines that begin where something is defined. A piece is worth the names that it
shares with what stands near the gap and with the imports above it: rare names more than common ones (BM25), those that
it defines more than those that it mentions. Pieces of files that the imports name, and those that were edited
lately, are worth more.

Everything here is a pure function of texts; a :class:`Shelf` only remembers what was found before.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import nsmallest
from itertools import accumulate
from math import log
from pathlib import PurePath
from typing import NamedTuple

from msgspec.structs import replace

from dgls.infill.request import Elsewhere, FillRequest, Gap, Piece, Related, Source
from dgls.syntax import GrammarMissing, LanguageError, language_of
from dgls.syntax.definitions import definitions_of

CHARACTERS_PER_TOKEN = 3
"""How much text a budget of tokens is filled with; code takes 3 to 4 characters a token."""
MOST_LINES = 64
LEAST_LINES = 3
"""Of a piece that does not fit, so many lines at least are worth their room."""
LARGEST_SOURCE = 300_000
"""Characters; what stands behind them is not looked at."""
LINES_ABOVE, LINES_BELOW = 32, 8
"""Lines around a gap whose names tell what it is about."""
LEAST_PIECES = 3
"""No piece takes more than this part of the room: how something is called, its first lines say."""
CONSIDERED = 32
"""Pieces, the best by their worth, that are tried whether they fit."""
SHOWN = 4_000
"""Characters on both sides of a gap that the model is shown anyway: no piece repeats them."""

DEFINED, IMPORTED, EDITED = 3.0, 1.5, 1.25
"""How much more counts a name where it is defined, a piece of a file that is imported, and one edited lately."""
COMMON_SHARE, COMMON_LEAST = 0.2, 4
"""A name in more than this share of the pieces, and in more than so many, tells nothing."""
SATURATION, LENGTH_SHARE = 1.2, 0.75
"""BM25's k1 and b."""

NAME = re.compile(r"[^\W\d]\w{2,}")
IMPORT = re.compile(
    r"^[ \t]*(?:from|import|export(?=[ \t]*[{*])|#[ \t]*include|#[ \t]*import|use|pub use|using|require|require_once"
    r"|require_relative|include|include_once|mod|source|@import|@use|(?:const|let|var|local)\b[^\n]*\brequire)\b"
    r"(?:[^\n(){}]*[({][^(){}]*[)}])?[^\n]*$",
    re.MULTILINE,
)
"""What imports something, in whatever language: a line, or several in brackets."""
FOLDER_FILES = frozenset({"__init__", "index", "mod", "main"})
"""Names of files that are imported by the name of their folder."""


class Cut(NamedTuple):
    """A piece of a source: its lines (from 0), their text, how many names stand in it, and which it defines."""

    lines: range
    text: str
    length: int
    defines: frozenset[str]


class Index(NamedTuple):
    """The pieces of one source, and by name how often it stands in which of them."""

    cuts: tuple[Cut, ...]
    places: Mapping[str, Mapping[int, int]]


def index(source: Source) -> Index:
    """Cut ``source`` up; the pieces hold all its lines but blank ones at their edges."""
    lines = source.text[:LARGEST_SOURCE].split("\n")
    defined, comment = _read(source)
    cuts: list[Cut] = []
    places: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for first, last in _stretches(lines, defined):
        text = "\n".join(lines[first:last])
        code = "\n".join(
            line for line in lines[first:last] if not comment or not line.lstrip().startswith(comment)
        )
        names = NAME.findall(IMPORT.sub("", code))
        for name in names:
            often = places[name]
            often[len(cuts)] = often.get(len(cuts), 0) + 1
        defines = frozenset(defined[line] for line in range(first, last) if defined.get(line))
        cuts.append(Cut(range(first, last), text, len(names), defines))
    return Index(tuple(cuts), dict(places))


def _read(source: Source) -> tuple[dict[int, str], tuple[str, ...]]:
    """What ``source`` defines, by line, and what begins a comment in it; nothing where no grammar is at hand."""
    try:
        language = language_of(source.language, source.path)
    except (GrammarMissing, LanguageError):
        language = None
    if language is None:
        return {}, ()
    return definitions_of(source.text[:LARGEST_SOURCE], language), language.description.comments.line


def _stretches(lines: Sequence[str], defined: Mapping[int, str]) -> Iterator[tuple[int, int]]:
    """First and last line (excluded) of each piece: one begins at a definition, or at the margin behind a blank."""
    first = 0
    while first < len(lines):
        if not lines[first].strip():
            first += 1
            continue
        last = first + 1
        while last < len(lines) and last - first < MOST_LINES and last not in defined:
            if lines[last] and not lines[last][0].isspace() and not lines[last - 1].strip():
                break
            last += 1
        end = last
        while not lines[end - 1].strip():
            end -= 1
        yield first, end
        first = last


def choose(
    sources: Sequence[Source], indexes: Sequence[Index], text: str, gap: Gap, characters: int
) -> tuple[Piece, ...]:
    """The pieces that are worth most for ``gap`` in ``text``, best first, of at most so many ``characters`` together.

    ``indexes`` are those of ``sources``. What shares no name with the gap's surroundings is never chosen, nor what
    stands near the gap itself.
    """
    imported = {name for line in IMPORT.findall(text) for name in NAME.findall(line)}
    worths = _worths(indexes, sorted(imported.union(_names_around(text, gap))))
    factors = [IMPORTED if _module(source.path) in imported else 1.0 for source in sources]
    for number, place in worths:
        lines, edited = indexes[number].cuts[place].lines, sources[number].edited
        worths[number, place] *= factors[number]
        worths[number, place] *= EDITED if any(line in lines for line in edited) else 1.0
    best = nsmallest(CONSIDERED, worths, key=lambda place: (-worths[place], place))
    candidates = ((sources[number].path, indexes[number].cuts[place]) for number, place in best)
    shown = text[max(0, gap.start - SHOWN) : gap.end + SHOWN]
    return tuple(_fitting(candidates, shown, characters))


def _worths(indexes: Sequence[Index], asked: Sequence[str]) -> dict[tuple[int, int], float]:
    """By source and piece (numbers), BM25 of the names ``asked`` for; a name that a piece defines counts more."""
    count = sum(len(each.cuts) for each in indexes)
    usual = sum(cut.length for each in indexes for cut in each.cuts) / max(1, count)
    worths: dict[tuple[int, int], float] = {}
    for name in asked:
        having = [(number, each.places[name]) for number, each in enumerate(indexes) if name in each.places]
        found = sum(len(often) for _, often in having)
        if found > max(COMMON_LEAST, count * COMMON_SHARE):
            continue
        rarity = log(1 + (count - found + 0.5) / (found + 0.5))
        for number, pieces in having:
            for piece, often in pieces.items():
                cut = indexes[number].cuts[piece]
                length = 1 - LENGTH_SHARE + LENGTH_SHARE * cut.length / usual
                worth = rarity * often * (SATURATION + 1) / (often + SATURATION * length)
                worth *= DEFINED if name in cut.defines else 1
                worths[number, piece] = worths.get((number, piece), 0.0) + worth
    return worths


def _module(path: str) -> str:
    """What imports call the file ``path``: its name without ending, or that of its folder."""
    parts = PurePath(path).with_suffix("").parts
    if len(parts) > 1 and parts[-1] in FOLDER_FILES:
        return parts[-2]
    return parts[-1] if parts else ""


def _names_around(text: str, gap: Gap) -> list[str]:
    above = text[: gap.start].rsplit("\n", LINES_ABOVE)[-LINES_ABOVE:]
    below = text[gap.end :].split("\n", LINES_BELOW)[:LINES_BELOW]
    return NAME.findall("\n".join([*above, *below]))


def _fitting(candidates: Iterable[tuple[str, Cut]], shown: str, room: int) -> Iterator[Piece]:
    """Pieces for ``room`` characters; of one that is too long, as many lines from its beginning as fit."""
    taken: set[str] = set()
    most = room // LEAST_PIECES
    for path, cut in candidates:
        lines = cut.text.split("\n")
        ends = accumulate((len(line) + 1 for line in lines), initial=len(path))
        fitting = lines[: max(0, bisect_right(list(ends), min(room, most)) - 1)]
        text = "\n".join(fitting)
        if len(fitting) >= min(LEAST_LINES, len(lines)) and text not in shown and text not in taken:
            taken.add(text)
            room -= len(path) + len(text) + 1
            yield Piece(path, text)


class Shelf:
    """Chooses pieces, and remembers how the sources of its last choice were cut up, and what that was."""

    def __init__(self) -> None:
        self._indexes: dict[tuple[str, str], Index] = {}
        self._last: tuple[Elsewhere, Related] | None = None

    def related(self, elsewhere: Elsewhere) -> Related:
        """What is related to the place that ``elsewhere`` names."""
        if self._last is None or self._last[0] != elsewhere:
            self._last = elsewhere, self._choose(elsewhere)
        return self._last[1]

    def _choose(self, elsewhere: Elsewhere) -> Related:
        sources, text, gap, tokens = elsewhere
        keys = [(source.path, source.text) for source in sources]
        self._indexes = {
            key: self._indexes[key] if key in self._indexes else index(source)
            for key, source in zip(keys, sources, strict=True)
        }
        indexes = [self._indexes[key] for key in keys]
        return Related(choose(sources, indexes, text, gap, CHARACTERS_PER_TOKEN * tokens), tokens)


def resolved(request: FillRequest, shelf: Shelf) -> FillRequest:
    """``request`` with what is related to its place in other texts."""
    if request.elsewhere is None:
        return request
    return replace(request, elsewhere=None, related=shelf.related(request.elsewhere))
