"""`dgls doctor` as a user sees it: what is found, what is wrong, what to do, and the exit status."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dgls.cli import main
from dgls.config import InfillSettings, ModelSettings
from dgls.doctor import lack_of_memory
from dgls.model.needs import needs_of
from dgls.syntax import GrammarMissing, Language, language_of


def doctor(*arguments: object) -> tuple[int, dict[str, Any]]:
    ended = CliRunner().invoke(main, ["doctor", "--json", *map(str, arguments)])
    return ended.exit_code, json.loads(ended.stdout)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_a_sound_installation_is_said_to_be_sound_and_tries_a_fill() -> None:
    status, found = doctor("--set=infill.candidates=1", "--set=infill.seed=7")
    assert (status, found["findings"]) == (0, [])
    assert found["trial"]["fill_ms"] > 0
    assert found["model"]["weights"] < found["model"]["free"]
    assert "python" in found["grammars"] and {"torch", "dgls"} <= found["versions"].keys()
    origins = {setting["path"]: setting["origin"] for setting in found["settings"]}
    assert (origins["infill.seed"], origins["infill.validate"]) == ("the command line", "default")


@pytest.mark.parametrize(
    ("checkpoint", "wrong", "step"),
    [
        ("nowhere", "does not exist", "name a folder"),
        ("owner/name", "is not on this machine", "let it be downloaded"),
        ("empty", "has no config.json", "name the folder"),
    ],
)
def test_a_checkpoint_that_cannot_be_loaded_is_named_with_the_next_step(
    checkpoint: str, wrong: str, step: str, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    name = str(tmp_path / "empty") if checkpoint == "empty" else checkpoint
    status, found = doctor("--checkpoint", name)
    [finding] = found["findings"]
    assert status == 1 and wrong in finding["wrong"] and step in finding["next_step"]
    assert found["trial"] is None


def test_a_checkpoint_that_may_be_downloaded_is_by_the_server() -> None:
    status, found = doctor("--checkpoint", "owner/name", "--allow-download", "--no-fill")
    assert status == 1
    assert found["findings"] == [
        {
            "wrong": 'checkpoint "owner/name" is not on this machine yet',
            "next_step": "start dgls, which downloads it",
        }
    ]


def test_a_checkpoint_without_weights_is_named(tiny_dgls: Path, tmp_path: Path) -> None:
    for file in tiny_dgls.glob("*.json"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    status, found = doctor("--checkpoint", tmp_path, "--no-fill")
    assert status == 1 and "has no weights" in found["findings"][0]["wrong"]


def test_a_missing_grammar_is_shown_with_the_whole_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def language_without_rust(language_id: str, path: str) -> Language | None:
        if language_id == "rust":
            raise GrammarMissing("Rust needs the package tree-sitter-rust")
        return language_of(language_id, path)

    monkeypatch.setattr("dgls.doctor.language_of", language_without_rust)
    ended = CliRunner().invoke(main, ["doctor", "--no-fill"], env={"COLUMNS": "200"})
    [row] = [line for line in ended.stdout.splitlines() if "no grammar for rust" in line]
    assert 'pip install "dgls[rust]"' in row


def test_wrong_settings_of_the_project_are_named(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.dgls.infill]\nseed = 'x'\nlengths = 2\n")
    status, found = doctor("--no-fill")
    assert status == 1 and "`$.tool.dgls.infill.seed`" in found["findings"][0]["wrong"]
    origins = {setting["path"]: setting["origin"] for setting in found["settings"]}
    assert origins["infill.lengths"] == str(tmp_path / "pyproject.toml")


def test_a_file_is_said_to_be_left_alone_with_the_reason_and_its_settings(tmp_path: Path) -> None:
    (tmp_path / ".dglsignore").write_text("private/\n")
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "pyproject.toml").write_text("[tool.dgls.infill]\nseed = 7\n")
    reasons = {}
    for name in ("part/a.py", "private/a.py", ".env"):
        status, found = doctor("--no-fill", name)
        assert status == 0 and found["file"]["path"] == str(tmp_path / name)
        reasons[name] = found["file"]["left_alone"]
        seed = next(one["value"] for one in found["settings"] if one["path"] == "infill.seed")
        assert seed == (7 if name == "part/a.py" else 0)
    assert reasons == {
        "part/a.py": None,
        "private/a.py": f"{tmp_path / '.dglsignore'} names this file",
        ".env": ".env may hold secrets",
    }


def test_memory_follows_from_context_and_canvas_and_a_lack_of_it_is_said() -> None:
    # 3 layers x 4 heads x 64 wide x keys and values x 4 bytes
    model = ModelSettings(dtype="float32", device="cpu")
    small, large = (needs_of(model, InfillSettings(context_tokens=tokens)) for tokens in (64, 640))
    assert (small.store, large.store) == (64 * 6144, 640 * 6144)
    assert needs_of(model, InfillSettings(candidates=8)).work > needs_of(model, InfillSettings()).work
    assert lack_of_memory(small._replace(free=small.total)) is None
    lack = lack_of_memory(small._replace(weights=2 * 10**10, free=10**10))
    assert lack is not None and "needs about 20." in lack.wrong and "10.0 GB are free" in lack.wrong


def test_a_model_that_fails_is_one_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no kernel\nfor this device")

    monkeypatch.setattr("dgls.model.host.load_host", fail)
    status, found = doctor()
    [finding] = found["findings"]
    assert (status, finding["wrong"]) == (1, "the model failed: RuntimeError: no kernel for this device")


def test_a_table_is_shown_to_people() -> None:
    ended = CliRunner().invoke(main, ["doctor", "--no-fill"])
    assert ended.exit_code == 0 and "nothing is wrong" in ended.stdout
