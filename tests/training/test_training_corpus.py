"""What a corpus holds, what it drops and why, and which packages are taken."""

import json
import shutil

import msgspec
import pytest
from click.testing import CliRunner

from dgls.training.command import train as command
from dgls.training.corpus import (
    CorpusError,
    Mixture,
    build_corpus,
    count_tokens,
    held_out,
    read_documents,
    read_manifest,
)
from dgls.training.excluded import is_excluded_module
from dgls.training.presets import PRESETS, changed, shortage
from dgls.training.sources import folder_packages, interpreter_packages, is_permissive
from tests.training.tiny import MIXTURE, TINY, dgls_train, full_disk


def test_a_corpus_keeps_each_file_once_and_says_what_it_dropped(corpus):
    manifest = read_manifest(corpus)
    assert manifest.dropped == {
        "exact duplicate": 1,
        "near duplicate": 1,
        "generated": 1,
        "not UTF-8": 1,
        "minified or binary": 1,
        "too small or too large": 1,
        "in a benchmark": 1,
    }
    assert {package.name for package in manifest.packages} >= {"abc", "odd", "uuid"}
    for package in manifest.packages:
        assert package.split == ("heldout" if held_out(package.name) else "train")
    names = {document.name for split in ("train", "heldout") for document in read_documents(corpus, split)}
    assert "odd/again.py" in names
    assert not names & {"odd/nearly.py", "odd/benchmark.py", "odd/copy_of_tempfile.py"}


def test_excluded_modules_and_this_project_are_in_no_corpus():
    assert is_excluded_module("json.decoder")
    assert is_excluded_module("asyncio.queues")
    assert not is_excluded_module("asyncio.events")
    packages = list(interpreter_packages())
    assert "stdlib:contextlib" in {package.name for package in packages}
    assert "dgls" not in {package.name for package in packages}
    files = [
        file.name for package in packages if package.name.startswith("stdlib:") for file in package.files
    ]
    assert not {"textwrap.py", "json/decoder.py", "asyncio/queues.py", "argparse.py"} & set(files)


def test_a_corpus_is_never_half_there(sources, corpus, tmp_path):
    with pytest.raises(CorpusError, match="exists already"):
        build_corpus(folder_packages(sources), corpus, MIXTURE, [], lambda name, characters: None)
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="no source file passed"):
        build_corpus(
            folder_packages(tmp_path / "empty"), tmp_path / "out", MIXTURE, [], lambda name, characters: None
        )
    assert not (tmp_path / "out").exists()
    with pytest.raises(CorpusError, match="is no corpus"):
        read_manifest(tmp_path)


def test_packages_of_other_languages_are_known_by_their_manifests(tmp_path):
    """npm packages and crates are taken by their stated licence, and languages by their shares."""
    library = tmp_path / "library"
    rust = "".join(f"pub fn f{i}(x: u64) -> u64 {{\n    x * {i} + x.pow(2)\n}}\n\n" for i in range(40))
    script = "".join(f"export function g{i}(x) {{\n  return x * {i} + compute(x);\n}}\n\n" for i in range(40))
    for name, manifest, file, text in (
        ("free", "Cargo.toml", "src/lib.rs", rust),
        ("bound", "Cargo.toml", "src/lib.rs", rust.replace("f", "h")),
        ("node_free", "package.json", "index.js", script),
        ("node_bound", "package.json", "index.js", script.replace("g", "k")),
        ("plain", "notes.txt", "more.js", script.replace("g", "m")),
    ):
        licence = "GPL-3.0-only" if name.endswith("bound") else "MIT"
        stated = (
            f'[package]\nname = "{name}"\nversion = "1.0.0"\nlicense = "{licence}"\n'
            if manifest == "Cargo.toml"
            else json.dumps({"name": name, "version": "2.0.0", "license": licence})
        )
        path = library / name / file
        path.parent.mkdir(parents=True)
        path.write_text(text)
        (library / name / manifest).write_text(stated)
    packages = {package.name: package for package in folder_packages(library)}
    assert set(packages) == {"free", "node_free", "plain"}
    assert (packages["free"].licence, packages["node_free"].version) == ("MIT", "2.0.0")
    folder = tmp_path / "corpus"
    mixture = Mixture(100_000, {"rust": 0.5, "javascript": 0.02}, from_package=50_000)
    build_corpus(packages.values(), folder, mixture, [], lambda name, characters: None)
    entries = read_manifest(folder).packages
    assert {language for entry in entries for language in entry.languages} == {"rust"}, "2,000 is too little"


def test_the_corpus_command_reads_benchmarks_and_names_what_is_wrong_with_them(sources, tmp_path):
    benchmark = tmp_path / "tasks.jsonl"
    benchmark.write_text('{"prompt": "def f():", "suffix": ""}\n')
    arguments = ["corpus", str(sources), "--out", str(tmp_path / "out"), "--clear-of", str(benchmark)]
    outcome = CliRunner().invoke(command, arguments)
    assert outcome.exit_code == 1
    assert "canonical_solution" in outcome.output
    benchmark.write_text('{"prompt": "def f():", "canonical_solution": " pass", "suffix": ""}\n')
    outcome = CliRunner().invoke(command, arguments)
    assert outcome.exit_code == 0, outcome.output
    assert read_manifest(tmp_path / "out").characters("train") > 100_000


@pytest.mark.parametrize(
    "licence",
    [
        "MIT",
        "The MIT License (MIT)",
        "BSD_3_clause",
        "Simplified BSD",
        "Apache2",
        "Apache License, Version 2.0",
        "Apache-2.0 WITH LLVM-exception AND BSL-1.0 AND MIT",
        "Unlicense/MIT",
        "MIT OR GPL-2.0",
        "GPL-2.0-or-later OR (MIT AND Zlib)",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "License :: OSI Approved :: ISC License (ISCL)",
        "License :: OSI Approved :: Historical Permission Notice and Disclaimer (HPND)",
    ],
)
def test_a_licence_is_permissive_where_all_that_holds_is(licence):
    assert is_permissive(licence)


@pytest.mark.parametrize(
    "licence",
    [
        "",
        "Apache-2.0 AND GPLv2",
        "MIT, LGPLv3",
        "BSD and GPLv3+",
        "BSD-3-Clause AND CC-BY-NC-4.0",
        "MIT AND CC-BY-ND-4.0",
        "MIT AND SSPL-1.0",
        "MIT AND EPL-2.0",
        "MIT AND EUPL-1.2",
        "MIT AND CDDL-1.0",
        "MIT AND BUSL-1.1",
        "MPL-2.0 AND MIT",
        "MPLv2, BSD",
        "MIT AND LicenseRef-Mine",
        "Apache-2.0 with Commons Clause",
        "(MIT OR GPL-2.0) AND LGPL-2.1",
        "MIT AND (GPL-2.0 OR LGPL-2.1)",
        "GPL-2.0-or-later",
        "GNU General Public License v2 or later (GPLv2+)",
        "Other/Proprietary License",
    ],
)
def test_a_licence_is_not_permissive_where_anything_that_holds_is_not(licence):
    assert not is_permissive(licence)


TWO_LINES = "    return [value // 2 for value in values if value % 2 == 0]\n"
SOLUTIONS = {
    "two lines": TWO_LINES,
    "three lines": "    even = [value for value in values if value % 2 == 0]\n    return list(map(halve, even))\n",
    "four lines": "    even = filter(is_even, values)\n    halves = map(halve, even)\n    return list(halves)\n",
    "with its docstring": TWO_LINES,
}
"""Of a solution, its lines behind the signature."""


@pytest.mark.parametrize("form", SOLUTIONS)
def test_a_benchmark_is_known_without_its_docstring_however_short(sources, tmp_path, form):
    """A whole solution among other code is found; a file that has its signature or one of its lines is not lost."""
    signature = "def halves_of(values: list[int]) -> list[int]:\n"
    quoted = '    """Halve what is even.\n\n    >>> halves_of([1, 2, 4])\n    [1, 2]\n    """\n'
    solution = SOLUTIONS[form]
    task = {"prompt": "import math\n\n\n" + signature + quoted, "canonical_solution": solution, "suffix": ""}
    benchmark = tmp_path / "tasks.jsonl"
    benchmark.write_text(json.dumps(task) + "\n")
    ordinary = "".join(
        f"def scale_by_{count}(values: list[int]) -> list[int]:\n    return [{count} * value for value in values]\n\n\n"
        for count in range(12)
    )
    copied = signature + (quoted if form == "with its docstring" else "") + solution
    for name, text in (
        ("copied", ordinary + copied + "\n\nprint(halves_of([2, 4, 6]))\n"),
        ("signature", ordinary.replace("scale", "raise") + signature + "    raise NotImplementedError\n"),
        ("last_line", ordinary.replace("scale", "power") + solution.splitlines()[-1] + "\n"),
    ):
        (tmp_path / "own" / name).mkdir(parents=True)
        (tmp_path / "own" / name / "code.py").write_text(text)
    folders = [str(tmp_path / "own"), str(sources), "--out", str(tmp_path / "out")]
    outcome = CliRunner().invoke(command, ["corpus", *folders, "--clear-of", str(benchmark)])
    assert outcome.exit_code == 0, outcome.output
    packages = {package.name for package in read_manifest(tmp_path / "out").packages}
    assert packages >= {"signature", "last_line"}
    assert "copied" not in packages


@pytest.mark.parametrize("out", [False, True])
@pytest.mark.parametrize("count", [1, 4])
def test_packages_that_are_all_on_one_side_are_split_anew_and_a_single_one_by_files(tmp_path, count, out):
    names = [name for name in map("package_{}".format, range(200)) if held_out(name) is out][:count]
    for number, name in enumerate(names):
        (tmp_path / name).mkdir()
        for part in range(20):
            text = (
                f"def part_{part}():\n    return {part}\n\n\n"
                + f"print(part_{part}() + {part}{number})\n" * 20
            )
            (tmp_path / name / f"part_{part}.py").write_text(text)
    corpus = tmp_path / "corpus"
    build_corpus(folder_packages(tmp_path), corpus, MIXTURE, [], lambda name, characters: None)
    train, heldout = (read_documents(corpus, split) for split in ("train", "heldout"))
    assert len(train) + len(heldout) == 20 * count
    assert heldout and len(heldout) <= len(train) / 3
    assert not {document.name for document in train} & {document.name for document in heldout}
    apart = {document.package for document in train} & {document.package for document in heldout}
    assert len(apart) == (count == 1)
    entries = {(entry.name, entry.split): entry for entry in read_manifest(corpus).packages}
    assert len(entries) == max(2, count)
    for document in (train[0], heldout[0]):
        entry = entries[document.package, "train" if document in train else "heldout"]
        own = [other for other in (train if document in train else heldout) if other.package == entry.name]
        assert (entry.files, entry.characters) == (len(own), sum(len(other.text) for other in own))
    assert shortage(msgspec.structs.replace(TINY, tokens=300), read_manifest(corpus)) is None


def test_a_run_says_that_its_corpus_is_there_already_and_what_it_lacks(sources, corpus, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(corpus, run / "corpus")
    asked = ["run", str(run), "--preset", "gpu", "--source", str(sources)]
    outcome = CliRunner().invoke(command, asked)
    assert outcome.exit_code == 1
    said = " ".join(outcome.output.split())
    assert "is there already and is used as it is, whatever --source" in said
    found = read_manifest(corpus).characters("train")
    assert (
        f"too small for the preset `gpu`: it holds {found:,} characters to train on, and 16,000,000" in said
    )
    assert not (run / "training.json").exists()
    tokens = int(said.rpartition("--set tokens=")[2])
    shorter = changed(PRESETS["gpu"], [f"tokens={tokens}"])
    assert 0 < tokens < PRESETS["gpu"].tokens and shortage(shorter, read_manifest(corpus)) is None
    assert "already" not in CliRunner().invoke(command, ["run", str(run), "--preset", "gpu"]).output


def test_a_corpus_of_one_file_or_less_than_a_context_is_refused(sources, tmp_path):
    preset = changed(PRESETS["cpu"], ["tokens=1000"])
    for name, lacking in (("imaplib", "holds a single file"), ("abc", "one context takes 3,276; add source")):
        (tmp_path / name / "own").mkdir(parents=True)
        text = (sources / name / f"{name}.py").read_text()
        (tmp_path / name / "own" / "code.py").write_text(text[:60_000] if name == "imaplib" else text[:3_000])
        folder = tmp_path / name / "corpus"
        build_corpus(folder_packages(tmp_path / name), folder, MIXTURE, [], lambda name, characters: None)
        assert lacking in (shortage(preset, read_manifest(folder)) or "")


def test_what_ends_the_corpus_command_early_leaves_nothing_behind(sources, tmp_path, monkeypatch):
    arguments = ("corpus", sources, "--out", tmp_path / "out")
    with full_disk(10_000):
        outcome = dgls_train(*arguments)
    assert outcome.exit_code == 1 and "cannot be written" in outcome.output
    assert not list(tmp_path.iterdir())

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("dgls.training.corpus.node_spans", interrupt)
    outcome = dgls_train(*arguments)
    assert outcome.exit_code == 130 and "the same command begins again" in outcome.output
    assert not list(tmp_path.iterdir())


def test_the_manifest_gets_tokens_per_package_once_there_is_a_tokenizer(corpus, tokenizer, tmp_path):
    folder = tmp_path / "corpus"
    shutil.copytree(corpus, folder)
    older = json.loads((folder / "manifest.json").read_bytes())
    for package in older["packages"]:
        del package["tokens"]
    (folder / "manifest.json").write_text(json.dumps(older))
    assert {package.tokens for package in read_manifest(folder).packages} == {0}
    backend = tokenizer.backend_tokenizer
    count_tokens(folder, backend)
    for package in read_manifest(folder).packages:
        own = [other.text for other in read_documents(folder, package.split) if other.package == package.name]
        assert (
            package.tokens
            == sum(len(backend.encode(text, add_special_tokens=False).ids) for text in own)
            > 100
        )
    written = (folder / "manifest.json").stat().st_mtime_ns
    count_tokens(folder, backend)
    assert (folder / "manifest.json").stat().st_mtime_ns == written
    assert [path.name for path in folder.glob("manifest*")] == ["manifest.json"]
