"""Holes and ends: what each language calls a hole, and where a fill of several lines may end."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgls.infill.request import Gap
from dgls.syntax import find_holes, language_of
from tests.syntax_sources import SOURCES, files, read
from tests.test_syntax_grammars import FOLDERS, PATIENCE_MS, load

python = language_of("python", "")
assert python is not None
HOLED = [folder for folder in FOLDERS if (SOURCES / folder / "holes.txt").is_file()]


def unmarked(marked: str) -> tuple[str, list[Gap]]:
    """A document, and the gaps that its `├marks┤` show."""
    text, gaps = "", []
    for number, piece in enumerate(re.split("[├┤]", marked)):
        if number % 2:
            gaps.append(Gap(len(text), len(text) + len(piece)))
        text += piece
    return text, gaps


@pytest.mark.parametrize("folder", HOLED)
def test_holes_are_found_and_nothing_else(folder: str) -> None:
    for marked in read(SOURCES / folder / "holes.txt").split("\n%%\n"):
        text, gaps = unmarked(marked)
        found = find_holes(text, load(folder), budget_ms=PATIENCE_MS)
        assert [(gap, text[gap.start : gap.end]) for gap in found] == [
            (gap, text[gap.start : gap.end]) for gap in gaps
        ]


@pytest.mark.parametrize("folder", [folder for folder in HOLED if folder != "python"])
def test_finished_files_have_few_holes(folder: str) -> None:
    found = [
        (path.name, read(path)[gap.start : gap.end])
        for path in files(folder)
        for gap in find_holes(read(path), load(folder), budget_ms=PATIENCE_MS)
    ]
    assert len(found) <= len(files(folder)), found
