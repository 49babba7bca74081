"""The jobs, by what a request asks to be found: all are the one operation, some tokens pinned and the others free."""

from collections.abc import Generator

from dgls.infill.completion import complete
from dgls.infill.fill import fill_gaps
from dgls.infill.holes import fill_holes
from dgls.infill.kept import Kept
from dgls.infill.mend import mend
from dgls.infill.request import Answer, FillRequest, Frame, Prefilled
from dgls.model.host import Host


def work_on(host: Host, kept: Kept, request: FillRequest) -> Generator[Frame | Prefilled, None, Answer]:
    """The steps of ``request``: see the job that does it. Raises :class:`dgls.infill.request.FillError`."""
    if request.find in ("each", "holes"):
        return fill_holes(host, kept.store, request)
    if request.find == "faults":
        return mend(host, kept.store, request)
    if request.find == "completion":
        return complete(host, kept, request)
    return fill_gaps(host, kept.store, request)
