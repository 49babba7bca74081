"""The wheel holds all that a user needs, and the pins all that is installed."""

import re
import subprocess
import sys
import tomllib
import zipfile
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("dgls-*.whl")
    return zipfile.ZipFile(path)


def source_files(folder: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_the_package_with_its_checkpoint_and_the_grammars(wheel: zipfile.ZipFile) -> None:
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == source_files("dgls") | {f"dgls/{name}" for name in source_files("grammars")}
    assert {"dgls/py.typed", "dgls/grammars/python/language.toml"} <= packed


def test_the_wheel_brings_the_command_and_the_licence(wheel: zipfile.ZipFile) -> None:
    folder = f"dgls-{PROJECT['version']}.dist-info"
    assert "dgls = dgls.cli:main" in wheel.read(f"{folder}/entry_points.txt").decode()
    assert b"Apache License" in wheel.read(f"{folder}/licenses/LICENSE")


def test_every_requirement_is_pinned_exactly() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert all(re.fullmatch(r"[\w.]+", version) for version in pins.values()), "no local versions, no ranges"
    wanted = [*PROJECT["dependencies"], *chain(*PROJECT["optional-dependencies"].values())]
    assert {re.match(r"[\w-]+", requirement)[0] for requirement in wanted} <= {*pins, "dgls"}  # type: ignore[index]


def test_every_language_is_an_extra_and_all_of_them_are_one() -> None:
    extras = PROJECT["optional-dependencies"]
    for path in sorted((ROOT / "grammars").glob("*/language.toml")):
        package = tomllib.loads(path.read_text(encoding="utf-8"))["grammar"]["package"]
        if path.parent.name == "python":
            assert any(requirement.startswith(f"{package}>=") for requirement in PROJECT["dependencies"])
        else:
            (requirement,) = extras[path.parent.name]
            assert requirement.startswith(f"{package}>=") and f"dgls[{path.parent.name}]" in extras["all"]
    assert "dgls[all]" in extras["dev"]
