"""Every language folder against real source files: true code is let through, and broken code is caught."""

import re

import pytest

from dgls.infill.request import Gap
from dgls.syntax import Language, fragment_around, language_of, verdict
from dgls.syntax.language import describe, grammars_folder
from dgls.syntax.parts import is_sound
from tests.syntax_sources import Cut, cuts, files, read, snippets

FOLDERS = sorted(path.parent.name for path in grammars_folder().glob("*/language.toml"))
PATIENCE_MS = 60_000
"""So that a busy machine changes no verdict."""


def load(folder: str) -> Language:
    language = language_of(describe(grammars_folder() / folder).ids[0], "")
    assert language is not None
    return language


def rejects(language: Language, text: str, gap: Gap, fill: str) -> bool:
    ruling = verdict(fragment_around(text, [gap], language, budget_ms=PATIENCE_MS), [fill])
    # A gap in a code fence that is open, or quoted, is not checked.
    assert ruling.checked or language.description.nested
    return not ruling.ok


def rejects_cut(language: Language, cut: Cut, at_a_cursor: bool) -> bool:
    """Whether the true text is rejected, put back over itself or written where a cursor stands instead."""
    text, gap = read(cut.path), cut.gap
    if at_a_cursor:
        text, gap = text[: gap.start] + text[gap.end :], Gap(gap.start, gap.start)
    return rejects(language, text, gap, cut.text)


def rejects_snippet(language: Language, snippet: str) -> bool:
    before, fill, after = re.split("[├┤]", snippet)
    return rejects(language, before + after + "\n", Gap(len(before), len(before)), fill)


@pytest.mark.parametrize("folder", FOLDERS)
def test_true_spans_put_back_are_rejected_in_at_most_one_percent(folder: str) -> None:
    language, paths = load(folder), files(folder)
    assert all(language_of("", path.name) is language for path in paths if path.suffix != ".h")
    chosen = cuts(language, paths, 150, seed=5)
    rejected = [cut for number, cut in enumerate(chosen) if rejects_cut(language, cut, number % 2 == 0)]
    assert len(rejected) <= len(chosen) // 100, [(cut.path.name, cut.text) for cut in rejected]


@pytest.mark.parametrize("folder", FOLDERS)
def test_real_files_are_sound(folder: str) -> None:
    unsound = [path.name for path in files(folder) if not is_sound(read(path), load(folder), PATIENCE_MS)]
    assert not unsound


@pytest.mark.parametrize("folder", FOLDERS)
def test_invalid_snippets_are_caught(folder: str) -> None:
    language, listed = load(folder), snippets(folder)
    missed = [snippet for snippet in listed if not rejects_snippet(language, snippet)]
    assert len(listed) >= 25
    assert len(missed) <= len(listed) // 5, "\n%%\n".join(missed)


def test_tags_stay_where_far_elements_are_left_out() -> None:
    items = "".join(f"    <li><a href='/{number}'>Number {number}</a></li>\n" for number in range(2_000))
    before, after = f"<body>\n<main>\n  <ul>\n{items}", f"{items}  </ul>\n</main>\n</body>\n"
    gap = Gap(len(before), len(before))
    fragment = fragment_around(before + after, [gap], load("html"), budget_ms=PATIENCE_MS)
    assert sum(len(part) for part in fragment.view.parts) < 2_000
    assert verdict(fragment, ["    <li>New</li>\n"]).ok
    assert not verdict(fragment, ["    <li>New</ul>\n"]).ok
    assert not verdict(fragment, ["    <li><b>New</li>\n"]).ok


@pytest.mark.parametrize(
    "text", ["- " * 300, "".join(f"{' ' * depth}a:\n" for depth in range(300)), "? - " * 5_000]
)
def test_a_text_that_would_crash_its_grammar_is_not_validated(text: str) -> None:
    gap = Gap(len(text), len(text))
    assert not verdict(fragment_around(text, [gap], load("yaml"), budget_ms=PATIENCE_MS), ["b"]).checked
    assert not verdict(
        fragment_around("a: 1\n", [Gap(0, 0)], load("yaml"), budget_ms=PATIENCE_MS), [text]
    ).checked


def test_a_comma_may_end_what_is_imported_or_entered_in_parentheses_alone() -> None:
    python = load("python")
    assert is_sound("from a import (\n    b,\n    c as d,\n)\n\nfrom e import (f,)\n", python)
    assert is_sound("with (\n    open(a) as b,\n    open(c) as d,\n):\n    e(b, d)\n", python)
    assert not is_sound("from a import b,\n", python)
    assert not is_sound("with open(a) as b,:\n    c(b)\n", python)
