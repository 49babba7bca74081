"""Gaps that mention what another file defines, beside the files that an editor would have open: that one and others.

What a file defines is read from its syntax tree. A name counts that one other file of the same package defines, where
the file with the gap imports it or uses it as a member of something. Packages take turns, in each its files.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from dgls.evaluation.case import Case
from dgls.evaluation.holdout import HoldoutError, Sources, SourceText, case_of, spans_of
from dgls.evaluation.judging import parses
from dgls.infill.related import IMPORT, NAME
from dgls.infill.request import Source
from dgls.syntax.definitions import definitions_of
from dgls.syntax.parts import is_sound, names_in

Span = tuple[int, int]

KINDS = ("expression", "arguments", "statement", "line", "rest of line")
"""Kinds of gaps, as in ``holdout``."""
LONGEST = 80
"""Characters of a gap."""
SHORTEST_NAME = 4
"""Characters of a name; shorter ones are defined here and there."""
FIRST_USE, USED_BEFORE = "first use", "used elsewhere in the file"
"""Kinds of cases: whether the file shows the name outside of the gap and of its imports."""


class Package(NamedTuple):
    """Files that belong together, what each defines, and which file alone defines a name."""

    files: list[SourceText]
    defined: list[frozenset[str]]
    owners: dict[str, int]


def packages_of(sources: Sources) -> list[Package]:
    """The packages among ``sources``, which are the outermost folders, those of a single file left out."""
    by_folder: defaultdict[str, list[SourceText]] = defaultdict(list)
    for file in sources.files:
        by_folder[file.name.partition("/")[0] if "/" in file.name else ""].append(file)
    return [_package(files) for files in by_folder.values() if len(files) > 1]


def _package(files: list[SourceText]) -> Package:
    defined = [frozenset(definitions_of(file.text, file.language).values()) for file in files]
    having = Counter(name for names in defined for name in names)
    owners = {
        name: number
        for number, names in enumerate(defined)
        for name in names
        if having[name] == 1 and len(name) >= SHORTEST_NAME
    }
    return Package(files, defined, owners)


def cut_across(
    sources: Sources, count: int, others: int, seed: int, report: Callable[[int], None]
) -> list[Case]:
    """``count`` gaps; beside each, ``others`` files of its package: the one that defines what it mentions, and more.

    The same for the same seed; a higher count adds to what a lower one chose. Raises :class:`HoldoutError` where the
    files have fewer.
    """
    generator = random.Random(seed)
    packages = packages_of(sources)
    generator.shuffle(packages)
    draws = [
        _cases(package, others, random.Random(f"{seed} {package.files[0].name}")) for package in packages
    ]
    cases: list[Case] = []
    while draws and len(cases) < count:
        for draw in list(draws):
            case = next(draw, None)
            if case is None:
                draws.remove(draw)
            elif len(cases) < count:
                cases.append(case)
                report(len(cases))
    if len(cases) < count:
        raise HoldoutError(
            f"these files give {len(cases)} gaps that mention another file's names; ask for no more "
            f"(--gaps {len(cases)})"
        )
    return cases


class _Gaps:
    """The gaps of one file that mention another file's names, in random order; no two overlap."""

    def __init__(self, package: Package, number: int, generator: random.Random) -> None:
        self.package, self.number = package, number
        self.file = package.files[number]
        self.imports = [found.span() for found in IMPORT.finditer(self.file.text)]
        self.mentions = _mentions(package, number)
        self.spans = self._spans(generator)

    def _spans(self, generator: random.Random) -> list[Span]:
        file = self.file
        if not (self.mentions and is_sound(file.text, file.language) and parses(file.text, file.language_id)):
            return []
        spans = spans_of(file, generator)
        drawn = [span for kind in KINDS for span in spans[kind] if span[1] - span[0] <= LONGEST]
        chosen: list[Span] = []
        for span in generator.sample(drawn, len(drawn)):
            if self._inside(span) and not any(_overlap(span, other) for other in [*self.imports, *chosen]):
                chosen.append(span)
        return chosen

    def _inside(self, span: Span) -> list[Span]:
        return [place for place in self.mentions if span[0] <= place[0] and place[1] <= span[1]]

    def case(self, span: Span, others: int, generator: random.Random) -> Case:
        """The gap ``span``, and beside it ``others`` files: the one that defines the first name in it, and more."""
        inside = self._inside(span)
        names = {self.mentions[place] for place in inside}
        elsewhere = any(
            name in names
            and place not in inside
            and not any(_overlap(place, found) for found in self.imports)
            for place, name in self.mentions.items()
        )
        files = self.package.files
        owner = self.package.owners[self.mentions[inside[0]]]
        rest = [number for number in range(len(files)) if number not in (self.number, owner)]
        beside = sorted([owner, *generator.sample(rest, min(others - 1, len(rest)))])
        return replace(
            case_of(self.file, USED_BEFORE if elsewhere else FIRST_USE, *span),
            others=tuple(Source(files[n].name, files[n].text, files[n].language_id) for n in beside),
        )


def _cases(package: Package, others: int, generator: random.Random) -> Iterator[Case]:
    """The gaps of a package: one of each file, then another one of each, until none is left."""
    order = generator.sample(range(len(package.files)), len(package.files))
    files = [_Gaps(package, number, generator) for number in order]
    while files := [gaps for gaps in files if gaps.spans]:
        for gaps in files:
            yield gaps.case(gaps.spans.pop(), others, generator)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _mentions(package: Package, number: int) -> dict[Span, str]:
    """Where a file mentions what another one defines: by a name that it imports, or as a member of something."""
    file = package.files[number]
    imported = {name for found in IMPORT.findall(file.text) for name in NAME.findall(found)}
    mentions: dict[Span, str] = {}
    for start, end in names_in(file.text, file.language):
        name = file.text[start:end]
        foreign = package.owners.get(name, number) != number and name not in package.defined[number]
        if foreign and (name in imported or file.text[start - 1 : start] == "."):
            mentions[start, end] = name
    return mentions


def notes_of(cases: Sequence[Case]) -> list[str]:
    """What a report says of ``cases`` besides."""
    counts = Counter(len(case.others) for case in cases)
    shown = ", ".join(f"{number} files beside {count} gaps" for number, count in sorted(counts.items()))
    return [f"open beside the gap: {shown}; one of them defines a name that the gap mentions"]
