"""Layers of settings: what holds when several say something, and what is said of what is wrong."""

import json
import subprocess
import sys
from pathlib import Path

from dgls.config import Settings
from dgls.layers import FIELDS, Layer, environment_layer, file_layer, project_layer, resolve

ROOT = Path(__file__).parent.parent


def test_the_stronger_layer_holds_and_each_value_knows_its_origin() -> None:
    weak = Layer("the file", {"infill": {"seed": 1, "candidates": 3}})
    strong = Layer("the editor", {"infill": {"seed": 2}}, trusted=False)
    resolved = resolve([weak, strong])
    assert (resolved.settings.infill.seed, resolved.settings.infill.candidates) == (2, 3)
    assert resolved.origins == {"infill.seed": "the editor", "infill.candidates": "the file"}
    assert resolved.problems == []


def test_a_wrong_value_is_named_with_its_path_and_what_stood_below_it_holds(tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text("[tool.dgls.infill]\nmax_steps = 'many'\ncandidates = 2\n")
    layer = project_layer(project)
    assert layer is not None
    resolved = resolve([Layer("the file", {"infill": {"max_steps": 9}}), layer])
    assert (resolved.settings.infill.max_steps, resolved.settings.infill.candidates) == (9, 2)
    assert resolved.problems == [
        f"infill.max_steps from {project} is ignored: Expected `int | null`, got `str`, got 'many'"
        " - at `$.tool.dgls.infill.max_steps`"
    ]


def test_what_no_workspace_may_set_is_taken_from_no_project_and_no_editor() -> None:
    machine = {path for path, field in FIELDS.items() if field.machine}
    assert {"model.checkpoint", "model.allow_download"} <= machine
    for path in machine:
        section, _, name = path.partition(".")
        default = getattr(getattr(Settings(), section), name)
        resolved = resolve([Layer("the editor", {section: {name: default}}, trusted=False)])
        assert resolved.origins == {}
        assert resolved.problems[0].startswith(f"{path} from the editor is ignored")


def test_a_file_that_cannot_be_read_says_nothing_and_is_named(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    assert resolve([file_layer(path)]).problems == []
    path.write_text("infill = [")
    assert resolve([file_layer(path)]).problems[0].startswith(f"{path} is ignored: it is not TOML")
    path.write_text("infill = 3")
    assert resolve([file_layer(path)]).problems == [
        f"infill from {path} is ignored: expected an object of settings - at `$.infill`"
    ]


def test_a_project_without_a_table_of_dgls_is_no_layer(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    assert project_layer(path) is None
    path.write_text("[tool.ruff]\n")
    assert project_layer(path) is None
    path.write_text("[tool]\ndgls = 3\n")
    layer = project_layer(path)
    assert layer is not None and "expected `object` - at `$.tool.dgls`" in resolve([layer]).problems[0]


def test_the_environment_spells_values_in_text() -> None:
    layer = environment_layer(
        {"DGLS_INFILL_MAX_STEPS": "null", "DGLS_INFILL_VALIDATE": "false", "DGLS_X": "1"}
    )
    resolved = resolve([Layer("the file", {"infill": {"max_steps": 3}}), layer])
    assert resolved.settings.infill.max_steps is None
    assert resolved.settings.infill.validate is False
    assert resolved.problems == []


def test_editors_get_every_setting_with_its_type_default_and_scope() -> None:
    printed = subprocess.run(
        [sys.executable, ROOT / "docs" / "settings.py", "--json"], capture_output=True, text=True, check=True
    )
    declared = json.loads(printed.stdout)
    assert declared.keys() == FIELDS.keys()
    for path, setting in declared.items():
        assert setting.keys() >= {"type", "default", "description", "scope"}, path
        assert setting["scope"] == ("machine" if FIELDS[path].machine else "resource")
    assert declared["infill.max_steps"]["type"] == ["integer", "null"]
