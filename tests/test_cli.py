"""The commands as a user and a shell see them: arguments, exit statuses, what goes where."""

import json
import subprocess
import sys
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dgls.cli import main
from dgls.syntax import GrammarMissing, nested

CODE = "def area(width, height):\n    return \n\n\nprint(area(2, 3))\n"
UNCHECKED = (
    *(
        "--set=infill.validate=false",
        "--set=infill.free_tokens=4",
        "--set=infill.lengths=1",
        "--candidates=16",
    ),
    *("--set=infill.max_steps=2", "--set=infill.repair_rounds=0", "--set=model.threads=1"),
)
"""Random weights write nothing valid: take what they write."""


def dgls(*arguments: object, given: bytes = b"", **environment: str) -> Result:
    """Run a command in this process, so that the library is imported once."""
    return CliRunner(env=environment).invoke(main, [str(argument) for argument in arguments], input=given)


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "area.py"
    path.write_text(CODE)
    return path


def test_the_commands_import_nothing_heavy() -> None:
    heavy = "{'torch', 'transformers', 'pygls', 'lsprotocol', 'rich', 'tree_sitter'}"
    assert process("-c", f"import sys, dgls.cli; print({heavy} & set(sys.modules))").stdout == "set()\n"


@pytest.mark.parametrize("arguments", [(), ("serve",), ("--stdio",), ("serve", "--stdio", "--device", "cpu")])
def test_without_a_command_it_serves_and_ends_with_its_client(arguments: tuple[str, ...]) -> None:
    ended = process("-m", "dgls", *arguments)
    assert (ended.returncode, ended.stdout) == (1, "")


def test_help_names_the_commands() -> None:
    shown = dgls("--help")
    assert shown.exit_code == 0
    assert {"bench", "fill", "serve", "train"} <= {
        line.split()[0] for line in shown.stdout.splitlines() if line
    }


def test_training_has_commands_of_its_own() -> None:
    assert "Usage: main train" in dgls("train", "--help").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say where: --at LINE:COL or --range"),
        (["--at=9:1"], "9:1 is outside of {file}: it has lines 1 to 6"),
        (["--at=2:13"], "2:13 is outside of {file}: line 2 has columns 1 to 12"),
        (["--at=x"], "'x' is no place: expected LINE:COL"),
        (["--at=1:1", "--set=seed=7"], "'seed=7' sets nothing: expected SECTION.FIELD=VALUE"),
        (["--at=1:1", "--set=infill.speed=7"], "infill.speed from the command line is no setting"),
        (["--at=1:1", "--seed=-1"], "infill.seed: Expected `int` >= 0, got '-1'"),
        (["--at=1:1", "--candidates=many"], "infill.candidates: Expected `int`, got `str`, got 'many'"),
        (["--at=1:1", "--device=abacus"], "'abacus' is not one of"),
        (["--at=1:1", "--checkpoint=/no/such"], "/no/such"),
        (["--holes", "--repair"], "--holes, --repair and --rewrite are three jobs; choose one"),
        (["--range=2:5-2:12", "--holes", "--pin=2:5-2:6"], "--pin and --rewrite are for a --range alone"),
        (["--at=2:5", "--rewrite=0.2"], "--pin and --rewrite are for a --range alone"),
        (["--range=2:5-2:11", "--rewrite=2"], "'2' is no strength: expected a number from 0"),
        (["--range=2:5-2:11", "--rewrite=nan"], "'nan' is no strength: expected a number from 0"),
        (["--range=2:5-2:11", "--pin=1:1-1:3"], "the pin 1:1-1:3 is not inside a --range"),
        (["--range=2:5-2:11", "--pin=2:5-2:7", "--pin=2:6-2:8"], "pin 2 begins before pin 1 ends"),
        (["--range=2:5-2:11", "--pin=2:5-2:11"], "nothing is left to fill"),
        (["--range=2:5-2:11", "--pin=2:5"], "'2:5' is no range: expected LINE:COL-LINE:COL"),
        (
            ["--repair", "--language=klingon", "--path=x"],
            "faults cannot be found: dgls has no grammar for the language 'klingon'",
        ),
    ],
)
def test_wrong_wishes_end_with_status_2_and_a_reason(arguments: list[str], message: str, file: Path) -> None:
    ended = dgls("fill", file, *arguments)
    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert message.format(file=file) in ended.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "message"),
    [("missing.py", "cannot be read: No such file"), ("", "is a directory"), ("binary", "is a binary file")],
)
def test_what_is_no_text_file_is_refused_in_one_line(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\x7fELF\0\0")
    ended = dgls("fill", tmp_path / name, "--at=1:1")
    assert ended.exit_code == 2
    assert message in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [(".env", "may hold secrets"), ("id_rsa", "may hold secrets"), ("a.py", ".dglsignore names")],
)
def test_secrets_and_ignored_files_are_filled_only_where_the_user_insists(
    name: str, reason: str, tiny_dgls: Path, tmp_path: Path
) -> None:
    (tmp_path / ".dglsignore").write_text("a.py\n")
    (tmp_path / name).write_text("KEY = \n")
    asked = ("fill", tmp_path / name, "--at=1:7", "--checkpoint", tiny_dgls, *UNCHECKED)
    refused = dgls(*asked)
    assert (refused.exit_code, refused.stdout) == (2, "") and reason in refused.stderr
    assert dgls(*asked, "--anyway").exit_code == 0


def test_filling_for_programs_writes_every_gap_and_nothing_else(tiny_dgls: Path, tmp_path: Path) -> None:
    path = tmp_path / "odd.py"
    path.write_bytes(b"\xef\xbb\xbfa = '\xe9'\r\nb = \rc = 1\x0c\xe2\x80\xa8")
    ended = dgls(
        *("fill", path, "--at=2:5", "--range=3:1-3:2", "--write", "--json", "--checkpoint", tiny_dgls),
        *UNCHECKED,
    )
    assert ended.exit_code == 0, ended.stderr
    said = json.loads(ended.stdout)
    assert [place["start"] for place in said["ranges"]] == [
        {"line": 2, "column": 5, "offset": 13},
        {"line": 3, "column": 1, "offset": 14},
    ]
    assert said["written"]
    assert said["language"] == "python"
    best = said["fills"][0]
    assert not best["validated"]
    assert 0 <= best["confidence"] <= 1
    first, second = (text.encode() for text in best["texts"])
    assert (
        path.read_bytes()
        == b"\xef\xbb\xbfa = '\xe9'\r\nb = " + first + b"\r" + second + b" = 1\x0c\xe2\x80\xa8"
    )
    assert {"nfe", "ms", "load_ms", "rejected", "prefill_tokens"} <= set(said)


def test_the_diff_of_standard_input_is_the_same_for_the_same_seed(tiny_dgls: Path) -> None:
    asked = ("fill", "-", "--at=2:12", "--path=area.py", "--checkpoint", tiny_dgls, *UNCHECKED)
    first, second = (dgls(*asked, "--seed=7", given=CODE.encode()) for _ in range(2))
    assert first.exit_code == 0, first.stderr
    assert first.stdout.startswith("--- a/area.py\n+++ b/area.py\n@@ -1,5 +1,")
    assert first.stdout == second.stdout


def test_standard_input_is_written_filled_to_standard_output(tiny_dgls: Path) -> None:
    ended = dgls(
        "fill", "-", "--at=2:12", "--write", "--checkpoint", tiny_dgls, *UNCHECKED, given=CODE.encode()
    )
    assert ended.exit_code == 0
    head, tail = "def area(width, height):\n    return ", "\n\n\nprint(area(2, 3))\n"
    assert ended.stdout.startswith(head)
    assert ended.stdout.endswith(tail)
    assert len(ended.stdout) > len(head + tail)
    assert "the fill is not validated" in ended.stderr  # nothing says what language it is


def test_what_is_pinned_stays_to_the_letter(tiny_dgls: Path, file: Path) -> None:
    asked = ("--range=1:5-2:11", "--pin=1:9-1:21", "--rewrite=0.2", "--json", "--checkpoint", tiny_dgls)
    ended = dgls("fill", file, *asked, *UNCHECKED)
    assert ended.exit_code == 0, ended.stderr
    said = json.loads(ended.stdout)
    ends = [(place["start"]["offset"], place["end"]["offset"]) for place in said["ranges"]]
    assert ends == [(4, 8), (20, 35)]
    assert len(said["fills"]) > 1 and all(len(fill["texts"]) == 2 for fill in said["fills"])


def test_a_rewrite_at_a_strength_keeps_most_and_at_0_all(tiny_dgls: Path, file: Path) -> None:
    asked = ("--range=1:1-2:11", "--json", "--checkpoint", tiny_dgls, *UNCHECKED)
    light = json.loads(dgls("fill", file, *asked, "--rewrite=0.1").stdout)
    old = CODE[: light["ranges"][0]["end"]["offset"]]
    assert light["fills"] and SequenceMatcher(None, old, light["fills"][0]["texts"][0], False).ratio() > 0.6
    ended = dgls("fill", file, *asked, "--rewrite=0")
    assert (ended.exit_code, json.loads(ended.stdout)["fills"]) == (1, [])


def test_all_holes_of_a_file_are_filled_and_written(tiny_dgls: Path, tmp_path: Path) -> None:
    path = tmp_path / "holes.py"
    path.write_bytes(b"# \xff\r\ndef f():\r\n    ...\r\n\r\n\r\ndef g():\r\n    pass\r\n")
    ended = dgls("fill", path, "--holes", "--write", "--json", "--checkpoint", tiny_dgls, *UNCHECKED)
    assert ended.exit_code == 0, ended.stderr
    said = json.loads(ended.stdout)
    assert [place["start"]["line"] for place in said["ranges"]] == [3, 7]
    first, second = (text.encode() for text in said["fills"][0]["texts"])
    head, middle = b"# \xff\r\ndef f():\r\n    ", b"\r\n\r\n\r\ndef g():\r\n    "
    assert path.read_bytes() == head + first + middle + second + b"\r\n"
    assert said["left"] == 0
    ended = dgls(
        "fill", "-", "--holes", "--path=a.py", "--checkpoint", tiny_dgls, *UNCHECKED, given=b"x = 1\n"
    )
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "there are no holes here" in ended.stderr


def test_what_does_not_parse_is_mended_by_the_smallest_edit(tiny_dgls: Path, tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text("def f(:\n    return 1\n\n\ndef g(:\n    pass\n")
    ended = dgls("fill", path, "--repair", "--at=5:7", "--checkpoint", tiny_dgls)
    assert ended.exit_code == 0, ended.stderr
    assert "-def g(:\n+def g():\n" in ended.stdout and "+def f" not in ended.stdout
    ended = dgls("fill", path, "--repair", "--write", "--checkpoint", tiny_dgls)
    assert ended.exit_code == 0, ended.stderr
    assert path.read_text() == "def f():\n    return 1\n\n\ndef g():\n    pass\n"
    ended = dgls("fill", path, "--repair", "--checkpoint", tiny_dgls)
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "there is nothing here that does not parse" in ended.stderr


def test_the_grammar_that_a_gap_in_another_language_lacks_is_named(
    tiny_dgls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Notes\n\n```python\nx = \n```\n")

    def missing(language_id: str, path: str) -> None:
        raise GrammarMissing("Python needs a package")

    monkeypatch.setattr(nested, "language_of", missing)
    for place, named in (("4:5", True), ("1:3", False)):
        ended = dgls("fill", page, f"--at={place}", "--checkpoint", tiny_dgls, *UNCHECKED)
        assert ("the fill is not validated: Python needs a package" in ended.stderr) == named


def test_a_language_without_a_grammar_is_filled_unvalidated_and_said_so(tiny_dgls: Path, file: Path) -> None:
    ended = dgls(
        "fill", file.rename(file.with_suffix(".cob")), "--at=2:12", "--checkpoint", tiny_dgls, *UNCHECKED[1:]
    )
    assert ended.exit_code == 0
    assert "dgls has no grammar for" in ended.stderr


def test_where_time_is_up_nothing_is_offered_and_the_file_stays(tiny_dgls: Path, file: Path) -> None:
    ended = dgls(
        *(
            "fill",
            file,
            "--at=2:12",
            "--write",
            "--set=infill.command_deadline_ms=1",
            "--checkpoint",
            tiny_dgls,
        )
    )
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "nothing valid was found" in ended.stderr
    assert file.read_text() == CODE


def test_a_terminal_sees_the_canvas_settle(tiny_dgls: Path, file: Path) -> None:
    ended = dgls(
        "fill", file, "--at=2:12", "--checkpoint", tiny_dgls, *UNCHECKED, FORCE_COLOR="1", TERM="xterm"
    )
    assert ended.exit_code == 0
    assert "importing torch" in ended.stderr
    assert "step 1 · denoising" in ended.stderr
    assert "\x1b[" in ended.stderr
    assert "\x1b[" not in ended.stdout  # standard output is no terminal: a program reads it
