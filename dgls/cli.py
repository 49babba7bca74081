"""The commands of dgls. Nothing heavy is imported here: `dgls serve` answers before any model is loaded.

Settings come weakest first from the user's own file, the editor, the environment and these options.
"""

import functools
import sys
from collections.abc import Callable, Iterable
from typing import Any

import click

import dgls
from dgls.config import Settings
from dgls.layers import Layer, environment_layer, file_layer, resolve, user_file

ORIGIN = "the command line"
INTERRUPTED = 130


class Commands(click.Group):
    """The commands; options without a command are those of `dgls serve`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments, with `serve` put first where no command is named."""
        own = {name for option in self.get_params(ctx) for name in option.opts}
        if not args or (args[0].startswith("-") and args[0] not in own):
            args = ["serve", *args]
        return super().parse_args(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(dgls.__version__, prog_name="dgls")
def main() -> None:
    """Fill code from both sides with a text-diffusion model.

    Without a command: serve.
    """


def settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that set settings; the command gets them as ``layer``, that of the command line."""

    @click.option("--checkpoint", metavar="NAME", help="`embedded`, a folder, or a hub id.")
    @click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), help="Where the model runs.")
    @click.option("--allow-download", is_flag=True, default=None, help="Let a hub id be downloaded.")
    @click.option(
        "--set", "assignments", metavar="SECTION.FIELD=VALUE", multiple=True, help="Any setting; repeatable."
    )
    @functools.wraps(command)
    def with_layer(
        checkpoint: str | None,
        device: str | None,
        allow_download: bool | None,
        assignments: tuple[str, ...],
        **rest: Any,
    ) -> Any:
        values: dict[str, dict[str, Any]] = {}
        for assignment in assignments:
            path, equals, value = assignment.partition("=")
            section, dot, name = path.partition(".")
            if not (equals and dot and section and name):
                raise click.BadParameter(
                    f"{assignment!r} sets nothing: expected SECTION.FIELD=VALUE, as in infill.seed=7",
                    param_hint="--set",
                )
            values.setdefault(section, {})[name] = value
        named = {"checkpoint": checkpoint, "device": device, "allow_download": allow_download}
        values.setdefault("model", {}).update(
            {name: value for name, value in named.items() if value is not None}
        )
        return command(layer=Layer(ORIGIN, values, text=True), **rest)

    return with_layer


def layers_below(layer: Layer) -> list[Layer]:
    """The layers of this run, weakest first."""
    return [file_layer(user_file()), environment_layer(), layer]


def settings_of(layer: Layer) -> Settings:
    """The settings in force; what is wrong on the command line is a usage error, elsewhere a warning."""
    wrong = resolve([layer]).problems
    if wrong:
        raise click.UsageError(wrong[0].replace(f" from {ORIGIN} is ignored", ""))
    resolved = resolve(layers_below(layer))
    warn(resolved.problems)
    return resolved.settings


def arguments_of(layer: Layer) -> list[str]:
    """The options that set what ``layer`` sets, for a server that is started by a command."""
    return [
        f"--set={section}.{name}={value}"
        for section, values in layer.values.items()
        for name, value in values.items()
    ]


def warn(problems: Iterable[str]) -> None:
    """One line on standard error per problem."""
    for problem in problems:
        click.echo(f"dgls: {problem}", err=True)


@main.command()
@click.option(
    "--stdio", is_flag=True, expose_value=False, help="Speak over standard input and output (always so)."
)
@click.option("--shared", is_flag=True, help="Load the model once for all windows: start or join one server.")
@settings_options
def serve(shared: bool, layer: Layer) -> None:
    """Serve an editor over standard input and output (the default)."""
    if shared:
        own = layer.values.get("server", {})
        layer = layer._replace(values={**layer.values, "server": {**own, "shared": "true"}})
    layers = layers_below(layer)
    if resolve(layers).settings.server.shared:
        from dgls.server.join import serve_shared

        serve_shared(layers)
    from dgls.server import serve as run

    run(layers)


@main.command()
@click.argument("file")
@click.option("--at", multiple=True, metavar="LINE:COL", help="Fill a gap at this place; repeatable.")
@click.option(
    "--range",
    "ranges",
    multiple=True,
    metavar="L:C-L:C",
    help="Rewrite this span, its end excluded; repeatable.",
)
@click.option(
    "--pin",
    "pins",
    multiple=True,
    metavar="L:C-L:C",
    help="Keep this part of a --range to the letter; repeatable.",
)
@click.option(
    "--rewrite", "strength", metavar="STRENGTH", help="Draw only this share of a --range again, from 0 to 1."
)
@click.option(
    "--holes", is_flag=True, help="Fill all holes (`...`, `pass`, TODO) of the file, or of a --range."
)
@click.option("--repair", is_flag=True, help="Mend what does not parse in the file, or in a --range.")
@click.option("--path", metavar="PATH", help="What the model takes the file for; with `-` above all.")
@click.option("--language", default="", metavar="ID", help="LSP language id; otherwise the path tells.")
@click.option("--candidates", metavar="N", help="Denoise this many candidates as one batch, show every fill.")
@click.option("--seed", metavar="N", help="Seed of every random choice.")
@click.option(
    "--write", is_flag=True, help="Put the best fill into the file; with `-` print the filled text."
)
@click.option("--anyway", is_flag=True, help="Fill a file too that may hold secrets, or is ignored.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@settings_options
def fill(
    file: str,
    at: tuple[str, ...],
    ranges: tuple[str, ...],
    pins: tuple[str, ...],
    strength: str | None,
    holes: bool,
    repair: bool,
    path: str | None,
    language: str,
    candidates: str | None,
    seed: str | None,
    write: bool,
    anyway: bool,
    as_json: bool,
    layer: Layer,
) -> None:
    """Fill gaps of FILE (`-` reads standard input) and show the fill as a diff.

    Lines and columns count from 1; a column counts characters, so that 1:1 stands before the first one. With --holes
    and --repair, --at means the function, or the fault, at that place.

    Exit status: 0 where a fill is offered, 1 where nothing valid was found, 2 on wrong input.
    """
    if holes + repair + (strength is not None) > 1:
        raise click.UsageError("--holes, --repair and --rewrite are three jobs; choose one")
    if not (at or ranges or holes or repair):
        raise click.UsageError("say where: --at LINE:COL or --range LINE:COL-LINE:COL, both counted from 1")
    if (pins or strength is not None) and (at or holes or repair):
        raise click.UsageError("--pin and --rewrite are for a --range alone")
    if file == "-" and write and as_json:
        raise click.UsageError("--write and --json both print; with `-` choose one")
    values = dict(layer.values)
    named = {"candidates": candidates, "seed": seed}
    values["infill"] = {
        **values.get("infill", {}),
        **{name: value for name, value in named.items() if value is not None},
    }
    settings = settings_of(layer._replace(values=values))

    from dgls.terminal.fill import Wish
    from dgls.terminal.fill import fill as run
    from dgls.terminal.source import InputError, Source, read_strength, refuse_private

    try:
        if not anyway:
            refuse_private(file, settings.server.secrets)
        source = Source.read(file)
        shown_as = path if path is not None else "" if file == "-" else file
        wish = Wish(
            source.spans(at, ranges) if holes or repair else source.gaps(at, ranges, pins),
            shown_as,
            language,
            write,
            as_json,
            every_fill=candidates is not None,
            find="holes" if holes else "faults" if repair else None,
            strength=None if strength is None else read_strength(strength),
        )
        status = run(source, wish, settings)
    except InputError as error:
        warn([str(error)])
        status = 2
    except KeyboardInterrupt:
        status = INTERRUPTED
    sys.exit(status)


@main.command()
@click.option("--quick", is_flag=True, help="A few fills only: whether it works, not how fast.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@settings_options
def bench(quick: bool, as_json: bool, layer: Layer) -> None:
    """Measure dgls on this machine, over standard input and output as an editor sees it."""
    settings = settings_of(layer)

    from dgls.evaluation.bench import bench as run
    from dgls.evaluation.cuts import ModuleMissing
    from dgls.evaluation.editor import ServerError
    from dgls.model.description import CheckpointError

    try:
        run(settings, arguments_of(layer), quick=quick, as_json=as_json)
    except (CheckpointError, ModuleMissing, ServerError) as error:
        warn([str(error)])
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


@main.command()
@click.argument("file", required=False)
@click.option("--no-fill", is_flag=True, help="Load no model and try no fill.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@settings_options
def doctor(file: str | None, no_fill: bool, as_json: bool, layer: Layer) -> None:
    """Say what dgls finds here: versions, device, memory, grammars, settings and their origins, a timed fill.

    With FILE: which settings hold for it, as in an editor whose workspace is the current folder, and whether dgls
    answers for it.

    Exit status: 0 where nothing is wrong, else 1, with the next step for each thing that is.
    """
    import msgspec

    from dgls.doctor import examine

    diagnosis = examine(layers_below(layer), fill=not no_fill, file=file)
    if as_json:
        click.echo(msgspec.json.encode(diagnosis))
    else:
        from dgls.terminal.doctor import show

        show(diagnosis)
    sys.exit(1 if diagnosis.findings else 0)


def delegate(name: str, what: str, load: Callable[[], click.Group]) -> None:
    """Add a group of commands that is imported only when it is used."""

    @main.command(
        name,
        add_help_option=False,
        short_help=what,
        context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    )
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    @click.pass_context
    def command(context: click.Context, arguments: tuple[str, ...]) -> None:
        group = load()
        with group.make_context(name, list(arguments), parent=context.parent) as inner:
            group.invoke(inner)


def _train() -> click.Group:
    from dgls.training.command import train

    return train


def _evaluate() -> click.Group:
    from dgls.evaluation.command import evaluate

    return evaluate


delegate("train", "Train a checkpoint: see `dgls train --help`.", _train)
delegate("eval", "Measure a checkpoint: see `dgls eval --help`.", _evaluate)
