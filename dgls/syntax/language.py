"""Languages are data: a folder ``grammars/<language>/`` with a ``language.toml`` and queries, read and checked here.

Nothing here knows a language by name. ``grammars/README.md`` says what a folder holds and how to add one.
"""

import re
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import tree_sitter
from msgspec import Meta

from dgls.syntax.invalid import InvalidRules
from dgls.syntax.places import EndRules, HoleRules
from dgls.syntax.predicates import QueryProblem
from dgls.syntax.wheel import Damaged, Missing, load_grammar

Rules = TypeVar("Rules", InvalidRules, HoleRules, EndRules)


class GrammarMissing(Exception):
    """The language is known, but the package of its grammar is not installed; the message says what to install."""


class LanguageError(ValueError):
    """A folder in ``grammars/`` is wrong; the message names the file, what is wrong and what would be right."""


class Grammar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the tree-sitter grammar comes from."""

    package: Annotated[str, Meta(min_length=1)]
    """What pip installs, such as ``tree-sitter-python``."""
    module: Annotated[str, Meta(min_length=1)]
    function: Annotated[str, Meta(min_length=1)] = "language"
    deepest: Annotated[int, Meta(ge=1)] | None = None
    """How many blanks, `-`, `?` and `:` may stand in a row, where more levels of nesting crash the grammar."""


class Comments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How comments are written: what starts a line comment, and the pairs around block comments."""

    line: tuple[str, ...] = ()
    block: tuple[tuple[str, str], ...] = ()


class Strings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What opens and closes a string, apart from prefixes."""

    single_line: tuple[str, ...] = ()
    multi_line: tuple[str, ...] = ()


class Nodes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Node types of the grammar, by the part they play."""

    definitions: tuple[str, ...]
    statements: tuple[str, ...]
    blocks: tuple[str, ...]
    """Nodes whose children stand on their own, so that far ones can be left out of a fragment."""
    brackets: tuple[str, ...] = ()
    """Nodes that open and close a block, where these are no mere tokens, such as tags."""


class Nested(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A node whose text is in another language: ``node``, directly in a node of type ``inside``."""

    node: Annotated[str, Meta(min_length=1)]
    inside: Annotated[str, Meta(min_length=1)]
    opening: str = ""
    """A regular expression for what stands in ``inside`` before ``node``; its group ``language`` names the language."""
    language: str = ""
    """An LSP id, for where ``opening`` has no such group."""
    continuation: str = ""
    """The type of nodes in ``node`` that belong to the outer language, as `> ` before a quoted line."""


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of ``language.toml``."""

    name: Annotated[str, Meta(min_length=1)]
    ids: Annotated[tuple[str, ...], Meta(min_length=1)]
    """LSP language ids."""
    endings: tuple[str, ...]
    """File endings, with the dot; they count only where the language id is none that is known."""
    indentation: bool
    """Whether indentation carries meaning."""
    grammar: Grammar
    nodes: Nodes
    inherits: str = ""
    """Another folder whose queries hold here too, a language's or one of queries alone; the grammar has all that they
    name."""
    clauses: tuple[str, ...] = ()
    """Words that begin a line which continues a statement at its own indentation, such as `else`."""
    comments: Comments = Comments()
    strings: Strings = Strings()
    nested: tuple[Nested, ...] = ()
    """What is in another language; the first rule that matches counts."""


class Language:
    """One language, loaded: its description, its tree-sitter grammar and what parses but is not valid in it."""

    def __init__(self, folder: Path):
        """Load ``folder``; raises LanguageError where it is wrong and GrammarMissing without its grammar package."""
        self.description = describe(folder)
        self.grammar = _grammar(folder, self.description)
        deepest = self.description.grammar.deepest
        self._too_deep = None if deepest is None else re.compile(rb"[ \t?:-]{%d}" % (deepest + 1))
        self.definitions = frozenset(self.description.nodes.definitions)
        self.statements = frozenset(self.description.nodes.statements)
        self.blocks = frozenset(self.description.nodes.blocks)
        self.brackets = frozenset(self.description.nodes.brackets)
        nested = {
            node_type
            for rule in self.description.nested
            for node_type in (rule.node, rule.inside, rule.continuation)
            if node_type
        }
        for role, types in (
            ("definitions", self.definitions),
            ("statements", self.statements),
            ("blocks", self.blocks),
            ("brackets", self.brackets),
            ("nested", nested),
        ):
            for node_type in sorted(types):
                if self.grammar.id_for_node_kind(node_type, True) is None:
                    raise LanguageError(
                        f"{folder / 'language.toml'}: {'' if types is nested else 'nodes.'}{role} names {node_type!r}, "
                        f"which is no node type of {self.description.grammar.package}"
                    )
        self.invalid = _loaded_query(folder, "invalid.scm", InvalidRules, self.grammar)
        self.holes = _loaded_query(folder, "holes.scm", HoleRules, self.grammar)
        self.ends = _loaded_query(folder, "blocks.scm", EndRules, self.grammar)

    def is_too_deep(self, source: bytes) -> bool:
        """Whether parsing ``source`` could crash the process, by more levels than the grammar has memory for."""
        return self._too_deep is not None and self._too_deep.search(source) is not None

    @property
    def name(self) -> str:
        """The language's name, for people."""
        return self.description.name

    def __repr__(self) -> str:
        return f"Language({self.name!r})"


def language_of(language_id: str, path: str) -> Language | None:
    """The language of a document, by its LSP language id or else by the ending of its path; None if it is not known.

    Raises GrammarMissing where the language is known but its grammar is not installed, and LanguageError where its
    folder is wrong, or where it is not known and some folder's ``language.toml`` cannot be read: it may be that one.
    """
    folders, unreadable = _folders()
    by_id = {known: folder for folder, description in folders.items() for known in description.ids}
    folder = by_id.get(language_id)
    if folder is None:
        ending = Path(path).suffix.lower()
        by_ending = {
            known: folder for folder, description in folders.items() for known in description.endings
        }
        folder = by_ending.get(ending)
    if folder is None and unreadable:
        raise unreadable[0]
    return None if folder is None else _loaded(folder)


def describe(folder: Path) -> Description:
    """Read ``language.toml`` of ``folder``; raises LanguageError."""
    path = folder / "language.toml"
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Description)
    except OSError as error:
        raise LanguageError(
            f"{path} cannot be read: {error.strerror}; each language folder has one"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise LanguageError(f"{path}: {error}") from error


def grammars_folder() -> Path:
    """Where the language folders are: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "grammars"
    return inside if inside.is_dir() else package.parent / "grammars"


@cache
def _folders() -> tuple[dict[Path, Description], list[LanguageError]]:
    """The language folders, and what is wrong with those whose ``language.toml`` cannot be read."""
    described: dict[Path, Description] = {}
    unreadable: list[LanguageError] = []
    for path in sorted(grammars_folder().glob("*/language.toml")):
        try:
            described[path.parent] = describe(path.parent)
        except LanguageError as error:
            unreadable.append(error)
    return described, unreadable


@cache
def _loaded(folder: Path) -> Language:
    return Language(folder)


def _loaded_query(
    folder: Path, name: str, kind: Callable[[tree_sitter.Language, str], Rules], grammar: tree_sitter.Language
) -> Rules:
    """The query file ``name`` of ``folder``, behind that of the folder it inherits from; raises LanguageError."""
    source = "".join(_query_source(path, name) for path in _lineage(folder))
    try:
        return kind(grammar, source)
    except QueryProblem as error:
        raise LanguageError(f"{folder / name}: {error}") from error


def _lineage(folder: Path) -> list[Path]:
    """``folder`` and those it inherits from, the furthest first; raises LanguageError.

    A folder without a ``language.toml`` is no language: it holds queries that several share, and inherits nothing.
    """
    lineage = [folder]
    while (lineage[0] / "language.toml").is_file() and (inherits := describe(lineage[0]).inherits):
        parent = grammars_folder() / inherits
        if parent in lineage or not parent.is_dir():
            raise LanguageError(
                f"{lineage[0] / 'language.toml'}: inherits names {inherits!r}, which is no other folder beside it"
            )
        lineage.insert(0, parent)
    return lineage


def _query_source(folder: Path, name: str) -> str:
    """The text of a query file, empty where there is none; raises LanguageError."""
    path = folder / name
    try:
        return path.read_text(encoding="utf-8") + "\n" if path.exists() else ""
    except OSError as error:
        raise LanguageError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise LanguageError(f"{path}: {error}") from error


def _grammar(folder: Path, description: Description) -> tree_sitter.Language:
    wanted = description.grammar
    try:
        return load_grammar(wanted.package, wanted.module, wanted.function)
    except Missing as error:
        raise GrammarMissing(
            f"{description.name} needs the package {wanted.package}, or its code is not checked; install it with: "
            f'pip install "dgls[{folder.name}]"'
        ) from error
    except Damaged as error:
        raise LanguageError(
            f"the grammar of {description.name}, {wanted.module}.{wanted.function}() of {wanted.package}, does not "
            f"load: {error}; install it again with: pip install --force-reinstall {wanted.package}"
        ) from error
