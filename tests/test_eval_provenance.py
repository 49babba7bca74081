"""How a result came about stands in every form of every report: checkpoint, seed, versions, command and date."""

import json
import re
import shutil
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

import dgls
from dgls.evaluation import provenance
from dgls.evaluation.command import evaluate
from dgls.evaluation.cuts import SourceFile
from dgls.evaluation.provenance import hash_of, source_hash, versions
from dgls.training.corpus import MANIFEST, Document, Manifest

TEXTS = {f"{module}.py": SourceFile(module).text for module in ("textwrap", "shlex")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Source files, and a corpus that holds them out."""
    folder = tmp_path_factory.mktemp("sources")
    (folder / "files").mkdir()
    for name, text in TEXTS.items():
        (folder / "files" / name).write_text(text, encoding="utf-8")
    corpus = folder / "corpus"
    corpus.mkdir()
    documents = [Document("stdlib", name, "python", text, b"") for name, text in TEXTS.items()]
    (corpus / "heldout").write_bytes(msgspec.msgpack.encode(documents))
    manifest = Manifest([], {"train": [], "heldout": ["heldout"]}, {}, [])
    (corpus / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    return folder


@pytest.mark.parametrize(
    ("command", "forms"),
    [
        ("both-sides --corpus {folder}/corpus --gaps 2", ("--json", "--markdown", "")),
        ("thresholds {folder}/files --gaps 1", ("--json", "--markdown", "")),
        ("resume --gaps 1", ("--json", "")),
    ],
)
def test_every_form_of_a_report_says_how_it_came_about(
    command: str, forms: tuple[str, ...], folder: Path, tiny_dgls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [*command.format(folder=folder).split(), "--seed", "3", "--checkpoint", str(tiny_dgls)]
    for form in forms:
        arguments = [*asked, form] if form else asked
        monkeypatch.setattr("sys.argv", ["dgls", "eval", *arguments])
        ended = CliRunner().invoke(evaluate, arguments)
        assert ended.exit_code == 0, ended.output
        written = json.dumps(json.loads(ended.stdout)["header"]) if form == "--json" else ended.stdout
        for part in (
            f"dgls eval {' '.join(arguments)}",
            hash_of(tiny_dgls),
            source_hash()[:12],
            f'"dgls": "{dgls.__version__}"' if form == "--json" else f"dgls {dgls.__version__}",
            '"seed": 3' if form == "--json" else "seed 3",
        ):
            assert part in written, (form, part)
        assert re.search(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", written)
        assert len(re.findall(r"\b[0-9a-f]{64}\b", written)) == 2, (
            "of the checkpoint, and of what is measured on"
        )


def test_another_code_has_another_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "dgls"
    package.mkdir()
    for name in ("__init__.py", "engine.py"):
        shutil.copy(Path(dgls.__file__).with_name(name), package)
    monkeypatch.setattr(provenance.dgls, "__file__", str(package / "__init__.py"))
    found = []
    for change in ("", "# another\n", ""):
        (package / "engine.py").write_text((package / "engine.py").read_text() + change)
        (package / "engine.pyc").write_text("what the interpreter leaves behind")
        source_hash.cache_clear()
        found.append(versions()["source"])
    source_hash.cache_clear()
    first, second, third = found
    assert first != second == third
