"""Languages, fragments, verdicts and enclosing nodes: all that dgls knows of tree-sitter."""

from dgls.syntax.enclosing import enclosing_definition, enclosing_statement
from dgls.syntax.expected import Expected, expected_after
from dgls.syntax.fragment import Fragment, fragment_around
from dgls.syntax.holes import find_holes
from dgls.syntax.language import GrammarMissing, Language, LanguageError, language_of
from dgls.syntax.speech import silent_gaps
from dgls.syntax.verdict import Fault, Verdict, encoding_faults, statement_ends, verdict

__all__ = [
    "Expected",
    "Fault",
    "Fragment",
    "GrammarMissing",
    "Language",
    "LanguageError",
    "Verdict",
    "enclosing_definition",
    "enclosing_statement",
    "encoding_faults",
    "expected_after",
    "find_holes",
    "fragment_around",
    "language_of",
    "silent_gaps",
    "statement_ends",
    "verdict",
]
