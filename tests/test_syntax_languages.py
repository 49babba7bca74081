"""Language folders: what is shipped loads, and what is wrong in one is refused with a message that says so."""

import shutil
import sys
from pathlib import Path

import pytest
import tree_sitter_python

from dgls.infill.request import Gap
from dgls.syntax import (
    GrammarMissing,
    Language,
    LanguageError,
    enclosing_definition,
    enclosing_statement,
    find_holes,
    language_of,
)
from dgls.syntax.language import _folders, describe, grammars_folder

FOLDERS = sorted(path.parent for path in grammars_folder().glob("*/language.toml"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the Python folder, to be spoilt."""
    return Path(shutil.copytree(grammars_folder() / "python", tmp_path / "python"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_folder_loads_by_its_ids_and_endings(folder: Path) -> None:
    description = describe(folder)
    for known in description.ids:
        language = language_of(known, "")
        assert language is not None and language.name == description.name
    for ending in description.endings:
        language = language_of("", f"some/file{ending}")
        assert language is not None and language.name == description.name


def test_the_language_id_counts_before_the_ending() -> None:
    assert language_of("python", "a.unheard-of") is language_of("", "a.PY")
    assert language_of("unheard-of", "a.unheard-of") is None


@pytest.mark.parametrize(
    ("predicate", "message"),
    [
        ('(#not-has-ancestor? @invalid "block")', "unknown predicate #not-has-ancestor?"),
        ("(#empty?)", "#empty? takes 1 captures, got 0"),
        (
            '(#lacks-child? @invalid "no_such_node")',
            "#lacks-child? names 'no_such_node', which is no node type",
        ),
        ('(#not-inside? @invalid "block:no_such_field")', "#not-inside? names the field 'no_such_field'"),
        ('(#not-inside? @invalid "a b")', "'a b' is no node type of the form"),
    ],
)
def test_a_wrong_predicate_is_refused(folder: Path, predicate: str, message: str) -> None:
    with (folder / "invalid.scm").open("a") as file:
        file.write(f'\n((block) @invalid {predicate} (#set! message "m"))\n')
    with pytest.raises(LanguageError) as error:
        Language(folder)
    assert message in str(error.value) and "invalid.scm" in str(error.value)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("((block) @invalid)", 'lacks a (#set! message "...")'),
        ('((block) @b (#set! message "m"))', "captures no @invalid"),
        ('((no_such_node) @invalid (#set! message "m"))', "no_such_node"),
        ("((block", "invalid.scm"),
    ],
)
def test_a_wrong_rule_is_refused(folder: Path, rule: str, message: str) -> None:
    (folder / "invalid.scm").write_text(rule)
    with pytest.raises(LanguageError) as error:
        Language(folder)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("name", "rule", "message"),
    [
        ("holes.scm", "(block) @other", "captures one of @hole, @hole.inside and @hole.after"),
        ("holes.scm", "(_ (block) @hole (block) @hole.after)", "captures one of @hole"),
        ("blocks.scm", "(block) @block", "captures no @end"),
        ("blocks.scm", "((block) @end (#unheard-of? @end))", "unknown predicate #unheard-of?"),
    ],
)
def test_wrong_holes_and_ends_are_refused(folder: Path, name: str, rule: str, message: str) -> None:
    (folder / name).write_text(rule)
    with pytest.raises(LanguageError) as error:
        Language(folder)
    assert message in str(error.value) and name in str(error.value)


def test_queries_are_inherited_from_another_folder_alone(folder: Path) -> None:
    path = folder / "language.toml"
    described = path.read_text()
    (folder / "holes.scm").unlink()
    path.write_text('inherits = "python"\n' + described)
    text = "def f():\n    pass\n"
    assert find_holes(text, Language(folder)) == [Gap(text.index("pass"), text.index("pass") + 4)]
    path.write_text('inherits = "unheard-of"\n' + described)
    with pytest.raises(
        LanguageError, match="inherits names 'unheard-of', which is no other folder beside it"
    ):
        Language(folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('endings = [".py"', 'endings = [1, ".py"', "Expected `str`, got `int` - at `$.endings[0]`"),
        ('name = "Python"', "", "missing required field `name`"),
        ("indentation = true", "indented = true", "unknown field `indented`"),
        ('blocks = ["block"]', 'blocks = ["blok"]', "nodes.blocks names 'blok', which is no node type"),
        ('name = "Python"', 'name = "Python', "language.toml"),
        ('module = "tree_sitter_python"', 'module = "tree_sitter"', "does not load"),
    ],
)
def test_a_wrong_description_is_refused(folder: Path, old: str, new: str, message: str) -> None:
    path = folder / "language.toml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(LanguageError) as error:
        Language(folder)
    assert message in str(error.value)


def test_a_missing_grammar_names_what_to_install(folder: Path) -> None:
    path = folder / "language.toml"
    path.write_text(path.read_text().replace('"tree_sitter_python"', '"tree_sitter_unheard_of"'))
    with pytest.raises(GrammarMissing, match=r'tree-sitter-python.*pip install "dgls\[python\]"'):
        Language(folder)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise RuntimeError('out of luck')", "RuntimeError: out of luck"),
        ("from os import unheard_of", "cannot import name 'unheard_of'"),
        ("import tree_sitter_unheard_of", "No module named 'tree_sitter_unheard_of'"),
        ("def language(", "SyntaxError"),
        ("language = lambda: 'no grammar'", "TypeError"),
    ],
)
def test_a_package_that_does_not_load_is_named_with_what_installs_it_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, message: str
) -> None:
    (tmp_path / "tree_sitter_spoilt.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "tree_sitter_spoilt", raising=False)
    path = folder / "language.toml"
    path.write_text(path.read_text().replace('"tree_sitter_python"', '"tree_sitter_spoilt"'))
    with pytest.raises(LanguageError) as error:
        Language(folder)
    assert message in str(error.value) and "pip install --force-reinstall tree-sitter-python" in str(
        error.value
    )


def test_a_library_that_was_cut_short_is_named_and_ends_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Path(tree_sitter_python._binding.__file__)
    package, installed = tmp_path / "tree_sitter_cut", tmp_path / "tree_sitter_cut-1.0.dist-info"
    package.mkdir()
    installed.mkdir()
    (package / "__init__.py").write_text("from ._binding import language\n")
    (package / library.name).write_bytes(library.read_bytes()[:5000])
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: tree-sitter-cut\nVersion: 1.0\n")
    (installed / "RECORD").write_text(f"tree_sitter_cut/{library.name},,{library.stat().st_size}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    path = folder / "language.toml"
    named = path.read_text().replace("tree_sitter_python", "tree_sitter_cut")
    path.write_text(named.replace("tree-sitter-python", "tree-sitter-cut"))
    with pytest.raises(LanguageError, match="its library is damaged"):
        Language(folder)
    (package / library.name).write_bytes(library.read_bytes())
    assert Language(folder).name == "Python"


def test_one_folder_that_cannot_be_read_leaves_the_others_as_they_are(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(grammars_folder() / "rust", folder.parent / "rust")
    (folder.parent / "rust" / "language.toml").write_text("name = ")
    monkeypatch.setattr("dgls.syntax.language.grammars_folder", lambda: folder.parent)
    _folders.cache_clear()
    try:
        assert language_of("python", "") is not None
        with pytest.raises(LanguageError, match=r"rust.language\.toml"):
            language_of("rust", "a.rs")
    finally:
        _folders.cache_clear()


def test_what_encloses_a_span_is_given_in_characters() -> None:
    python = language_of("python", "")
    assert python is not None
    text = (
        "é = '😀'\n\nclass A:\n    def f(self):\n        if self.x:\n            return '😀' + 1\n\ny = 2\n"
    )
    start = text.index("'😀' + 1")
    statement = enclosing_statement(text, Gap(start, start + 3), python)
    definition = enclosing_definition(text, Gap(start, start), python)
    assert statement is not None and text[slice(*statement)] == "return '😀' + 1"
    assert definition is not None and text[slice(*definition)].startswith("def f(self)")
    assert enclosing_definition(text, Gap(0, 0), python) is None
    with pytest.raises(ValueError, match="outside the text"):
        enclosing_statement(text, Gap(0, 1_000), python)
