"""What `dgls doctor` found, as tables for people."""

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from dgls.doctor import Diagnosis


def show(diagnosis: Diagnosis) -> None:
    """Print tables on standard output; what is wrong comes last."""
    console = Console()
    general = Table("what", "found", title="dgls doctor", title_justify="left")
    for name, version in diagnosis.versions.items():
        general.add_row(name, version)
    general.add_row(
        "your settings",
        diagnosis.user_file + ("" if diagnosis.user_file_exists else " (not there: defaults hold)"),
    )
    general.add_row("shared server", diagnosis.shared_server)
    general.add_row("grammars", ", ".join(diagnosis.grammars) or "none")
    for name, command in diagnosis.missing_grammars.items():
        general.add_row(f"no grammar for {name}", escape(command))
    if (model := diagnosis.model) is not None:
        general.add_row("checkpoint", model["folder"])
        general.add_row("runs on", f"{model['device']}, {model['dtype']}")
        general.add_row(
            "weights",
            f"{model['parameters'] / 1e6:,.1f} M numbers",
        )
        general.add_row(
            "memory",
            f"weights {model['weights'] / 1e6:,.0f} MB, a context {model['store'] / 1e6:,.0f} MB, a step about"
            f" {model['work'] / 1e6:,.0f} MB; {model['free'] / 1e6:,.0f} MB are free",
        )
    if (file := diagnosis.file) is not None:
        alone = "answers for it" if file.left_alone is None else f"leaves it alone: {file.left_alone}"
        general.add_row("the file", f"{file.path} ({file.language}): dgls {alone}")
    if (trial := diagnosis.trial) is not None:
        general.add_row(
            "a trial fill", f"loaded in {trial.load_s} s, filled in {trial.fill_ms} ms, {trial.fills} fills"
        )
    console.print(general)
    settings = Table("setting", "value", Column("from", overflow="fold"))
    for setting in diagnosis.settings:
        settings.add_row(
            setting.path,
            str(setting.value),
            setting.origin,
            style="dim" if setting.origin == "default" else "",
        )
    console.print(settings)
    if not diagnosis.findings:
        console.print("nothing is wrong", style="green")
    for finding in diagnosis.findings:
        console.print(f"wrong: {finding.wrong}", style="red", markup=False, soft_wrap=True, highlight=False)
        console.print(f"  next: {finding.next_step}", markup=False, soft_wrap=True, highlight=False)
