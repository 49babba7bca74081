"""The filler of the real thing: a checkpoint on a device, and prefix stores of a bounded size.

Brings torch when it loads, not before.
"""

import gc
import logging
import time
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dgls.config import InfillSettings, ModelSettings
from dgls.engine import Load, Report
from dgls.failures import log_failure
from dgls.infill.kept import Kept
from dgls.infill.request import FillRequest, Gap
from dgls.line import Filler, Steps
from dgls.model.memory import give_back_freed_memory, keep_freed_memory
from dgls.model.native import load_native_libraries

if TYPE_CHECKING:
    from dgls.model.host import Host

log = logging.getLogger(__name__)

FIRST_FILL = FillRequest(
    text="def first():\n    return \n",
    gaps=(Gap(24, 24),),
    language="python",
    path="first.py",
    settings=InfillSettings(max_steps=1, repair_rounds=0),
)
MEGABYTE = 2**20
TIDY_SECONDS = 2.0
"""How often freed memory is given back, at most: a fill takes it again, page by page."""


class HostFiller:
    """Fills with ``host``."""

    def __init__(self, host: "Host") -> None:
        self._host: Host | None = host
        self._tidied = time.monotonic()

    @property
    def host(self) -> "Host":
        """The loaded checkpoint."""
        assert self._host is not None, "a model that has been unloaded fills nothing"
        return self._host

    def new_kept(self, store_mb: int | None) -> Kept:
        """An empty store; raises :class:`dgls.model.prefix_store.StoreTooSmall` where it could hold no context."""
        store = self.host.new_store(None if store_mb is None else store_mb * MEGABYTE)
        if store.limit < self.host.context_tokens:
            log.warning(
                "server.store_mb = %d holds %d tokens of context, the checkpoint would read %d: fills see less",
                store_mb,
                store.limit,
                self.host.context_tokens,
            )
        return Kept(store)

    def fill(self, request: FillRequest, kept: Kept) -> Steps:
        """The steps of one request, whose context is cut to what the store holds."""
        from dgls.infill.jobs import work_on
        from dgls.infill.related import resolved

        request = resolved(request, kept.shelf)
        wanted = request.settings.context_tokens or self.host.context_tokens
        fitting = replace(request.settings, context_tokens=min(wanted, kept.store.limit))
        try:
            return (yield from work_on(self.host, kept, replace(request, settings=fitting)))
        finally:
            self._tidy()

    def unload(self) -> None:
        """Free the model, and give its memory back to the device."""
        import torch

        self._host = None
        gc.collect()
        give_back_freed_memory()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if torch.backends.mps.is_available():
            torch.mps.empty_cache()

    def _tidy(self) -> None:
        now = time.monotonic()
        if now - self._tidied >= TIDY_SECONDS:
            self._tidied = now
            give_back_freed_memory()


def load_filler(settings: ModelSettings) -> Load:
    """The loader of the checkpoint that ``settings`` name; to be called before the thread begins in which it loads."""
    keep_freed_memory()

    def load(report: Report) -> Filler:
        report(0.0, "importing torch")
        load_native_libraries()
        from dgls.model.host import load_host

        filler = HostFiller(load_host(settings, report))
        report(1.0, "trying a first fill")  # what is made once is made now, and stalls no keystroke
        try:
            _fill(filler, FIRST_FILL)
        except Exception as error:  # of the parser alone, it is no reason to do without the model
            log_failure("the first fill", error)
            _fill(filler, replace(FIRST_FILL, settings=replace(FIRST_FILL.settings, validate=False)))
        return filler

    return load


def _fill(filler: HostFiller, request: FillRequest) -> None:
    for _ in filler.fill(request, filler.new_kept(None)):
        pass
