"""The real server around a model that does what the document's first line says; run as a program by the tests.

The first line of a document is ``#!`` and a JSON object: ``fills`` (texts to offer, each in every gap), ``validated``,
``gaps`` (those it says to have found) and ``left`` (how many it says stay), ``steps`` (how many frames) or ``drafts``
(per frame the runs that it shows of every gap) and ``breaks`` (what to raise after them), ``gate`` (a folder: each step
waits for the file ``step<n>`` in it, and the files ``begun`` and ``closed`` say what the model does; with ``behind``
only for gaps behind that text), ``fails`` (a message to raise), ``journal`` (a file that gets a line per request that
the model works on), ``echo`` (offer a JSON object of what the model was asked), ``later`` (texts for which there is no
time but that of a command) and ``prints`` (to print to stdout). ``SCRIPT_LOAD`` in the environment is such an object
for loading, ``SCRIPT_USER_FILE`` a file of settings.
"""

import json
import os
import sys
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, NoReturn, cast

from dgls.engine import Report
from dgls.infill.kept import Kept
from dgls.infill.related import resolved
from dgls.infill.request import Answer, Fill, FillRequest, Frame, Gap, Prefilled, Run
from dgls.layers import environment_layer, file_layer
from dgls.line import Filler, Steps
from dgls.server import serve
from dgls.server.join import serve_shared
from dgls.server.shared import run


def wait_for(path: Path) -> None:
    pause = threading.Event()
    while not path.exists():
        pause.wait(0.002)


def shout(text: str) -> None:
    """Print as libraries do: through Python, and behind its back."""
    print(text, flush=True)
    os.write(1, f"{text}\n".encode())


class Script:
    def new_kept(self, store_mb: int | None) -> Kept:
        return Kept(cast(Any, None))

    def fill(self, request: FillRequest, kept: Kept) -> Steps:
        request = resolved(request, kept.shelf)
        first, _, _ = request.text.partition("\n")
        return self._steps(request, json.loads(first[2:]) if first.startswith("#!") else {})

    def unload(self) -> None:
        pass

    def _steps(
        self, request: FillRequest, script: dict[str, Any]
    ) -> Generator[Frame | Prefilled, None, Answer]:
        begun = request.text[: request.gaps[0].start]
        gate = Path(script["gate"]) if "gate" in script and begun.endswith(script.get("behind", "")) else None
        if "journal" in script:
            with Path(script["journal"]).open("a", encoding="utf-8") as journal:
                journal.write(json.dumps(asked(request)) + "\n")
        if gate is not None:
            (gate / "begun").touch()
        try:
            shout(script["prints"]) if "prints" in script else None
            yield Prefilled(64, 64)
            if "fails" in script:
                raise RuntimeError(script["fails"])
            drafts = script.get("drafts", [[("half", 0.5), ("", None)]] * script.get("steps", 1))
            gaps = tuple(Gap(*gap) for gap in script["gaps"]) if "gaps" in script else None
            count = len(request.gaps if gaps is None else gaps)
            for step, draft in enumerate(drafts, 1):
                if gate is not None:
                    wait_for(gate / f"step{step}")
                yield Frame(step, "denoising", (tuple(Run(*run) for run in draft),) * count, gaps)
            if "breaks" in script:
                raise MemoryError(script["breaks"])
        finally:
            if gate is not None:
                (gate / "closed").touch()
        texts = script.get("fills", ["FILL"])
        if script.get("echo"):
            texts = [json.dumps(asked(request))]
        early = "later" in script and request.settings.deadline_ms < request.settings.command_deadline_ms
        if "later" in script and not early:
            texts = script["later"]
        validated = script.get("validated", True)
        fills = tuple(Fill((text,) * count, 0.9, validated, False, 1) for text in texts)
        return Answer(fills, 1, 64, 0, gaps, script.get("left", 0), early=early)


def asked(request: FillRequest) -> dict[str, Any]:
    return {
        "text": request.text,
        "gap": list(request.gaps[0]),
        "gaps": [list(gap) for gap in request.gaps],
        "find": request.find,
        "begins": request.begins,
        "strength": request.strength,
        "candidates": request.candidates,
        "language": request.language,
        "path": request.path,
        "seed": request.settings.seed,
        "single_line": request.single_line,
        "related": [list(piece) for piece in request.related.pieces],
    }


def break_parser() -> None:
    """From now on no text is parsed without an error that quotes it."""
    import tree_sitter

    class Broken:
        def __init__(self, grammar: object) -> None: ...

        def parse(self, read: Callable[[int, object], bytes], *_: object, **__: object) -> object:
            raise SystemError(read(0, None).decode())

    tree_sitter.Parser = Broken  # type: ignore[misc,assignment]


def scripted_load(script: dict[str, Any]) -> Callable[[Report], Filler]:
    def load(report: Report) -> Filler:
        report(0.25, "a quarter")
        if "loads" in script:
            with Path(script["loads"]).open("a") as loads:
                loads.write(f"{os.getpid()}\n")
        if "prints" in script:
            shout(script["prints"])
        if "gate" in script:
            wait_for(Path(script["gate"]) / "load")
        if "fails" in script:
            raise FileNotFoundError(script["fails"])
        report(0.75, "three quarters")
        return Script()

    return load


def main() -> NoReturn:
    """Serve on stdio; with ``--shared`` as a window of a shared server, which is this program with ``--server``."""
    directives = json.loads(os.environ.get("SCRIPT_LOAD", "{}"))
    if directives.get("parser") == "broken":
        break_parser()
    load = scripted_load(directives)
    own = [file_layer(Path(os.environ["SCRIPT_USER_FILE"]))] if "SCRIPT_USER_FILE" in os.environ else []
    layers = [*own, environment_layer()]
    if "--server" in sys.argv:
        run(lambda model: load)
    if "--shared" in sys.argv:
        serve_shared(layers, [sys.executable, __file__, "--server"])
    serve(layers, load)


if __name__ == "__main__":
    main()
