"""What there is in a text to be filled or mended, before anything is. Parses, within a time limit; knows no tensor."""

from collections.abc import Sequence
from typing import NamedTuple

from dgls.infill.request import FillError, FillRequest, Gap
from dgls.syntax import GrammarMissing, Language, LanguageError, enclosing_definition, find_holes, language_of
from dgls.syntax.nested import missing_inside
from dgls.syntax.sites import Trouble, troubles

BUDGET_MS = 2_000.0
GLANCE_MS = 250.0
GLANCED_CHARACTERS = 500_000
PLAIN = ("", "plaintext", "text")
"""Identifiers of what is no language, and has nothing to be checked."""


class Glance(NamedTuple):
    """What a text has for an editor to offer; nothing where there is no grammar or no time."""

    holes: tuple[Gap, ...] = ()
    troubles: tuple[Trouble, ...] = ()


def glance(text: str, language_id: str, path: str) -> Glance:
    """The holes and the faults of a text that an editor shows, as far as they are found in a moment."""
    try:
        language = language_of(language_id, path)
    except (GrammarMissing, LanguageError):
        return Glance()
    if language is None or len(text) > GLANCED_CHARACTERS:
        return Glance()
    wrong = troubles(text, language, budget_ms=GLANCE_MS)
    holes = find_holes(text, language, budget_ms=GLANCE_MS)
    return Glance(tuple(holes or ()), tuple(wrong or ()))


def missing_grammar(text: str, gaps: Sequence[Gap], language_id: str, path: str) -> str:
    """Why fills of ``gaps`` are not checked by the language that they are in, and what to do; empty if they are."""
    try:
        language = language_of(language_id, path)
    except (GrammarMissing, LanguageError) as error:
        return str(error)
    if language is None:
        unchecked = f"dgls has no grammar for {language_id}: what is filled there is not checked, so read it"
        return "" if language_id in PLAIN else unchecked
    return missing_inside(text, gaps, language)


def language_for(request: FillRequest, what: str) -> Language:
    """The language of ``request``; raises :class:`FillError` where no grammar is at hand to find ``what`` with."""
    try:
        language = language_of(request.language, request.path)
    except (GrammarMissing, LanguageError) as error:
        raise FillError(f"{what} cannot be found: {error}") from error
    if language is None:
        named = request.language or request.path or "this text"
        raise FillError(f"{what} cannot be found: dgls has no grammar for {named}")
    return language


def language_at_hand(request: FillRequest) -> Language | None:
    """The language of ``request``; None where no grammar is at hand."""
    try:
        return language_of(request.language, request.path)
    except (GrammarMissing, LanguageError):
        return None


def holes_of(request: FillRequest) -> tuple[Gap, ...]:
    """The holes in the spans of ``request``, sorted; none overlaps another. An empty span is the function around it.

    Raises :class:`FillError` where there is no function or no grammar, or where there was no time to find them.
    """
    language = language_for(request, "holes")
    low, high = request.part or (0, len(request.text))
    found: list[Gap] = []
    for given in request.gaps:
        span: Gap | None = given
        if given.start == given.end and request.text:
            span = enclosing_definition(request.text, given, language, BUDGET_MS)
        if span is None:
            raise FillError(
                "no function encloses the cursor; select what is to be filled, or take the whole file"
            )
        holes = find_holes(request.text, language, span, BUDGET_MS)
        if holes is None:
            raise FillError(
                "the text is too large, or too broken, to find its holes in time; select a part of it"
            )
        for hole in holes:
            if (
                low <= hole.start
                and hole.end <= high
                and (not found or (hole.start >= found[-1].end and hole != found[-1]))
            ):
                found.append(hole)
    return tuple(found)
