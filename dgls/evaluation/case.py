"""One gap to fill and what stood there: the unit of every measurement, whichever benchmark it comes from."""

import math

import msgspec
from msgspec.structs import replace

from dgls.config import InfillSettings
from dgls.infill.related import Shelf, resolved
from dgls.infill.request import Elsewhere, FillRequest, Gap, Source

LENGTHS = ((20, "to 20 characters"), (60, "21 to 60"), (math.inf, "over 60"))
"""Buckets of answers by their length: characters at most, and a name."""


class Case(msgspec.Struct, frozen=True):
    """A file with a gap between ``prefix`` and ``suffix``, where ``answer`` stood.

    ``name`` is unique in a measurement, ``language`` an LSP language id, ``kind`` says how the gap was chosen. Where
    ``tests`` are given, the file followed by them is a program that ends without an error if the fill is right.
    """

    name: str
    language: str
    path: str
    kind: str
    prefix: str
    suffix: str
    answer: str
    tests: str | None = None
    others: tuple[Source, ...] = ()
    """Other files that are open beside this one."""

    def filled(self, fill: str) -> str:
        """The file with ``fill`` in the gap."""
        return self.prefix + fill + self.suffix

    def request(self, settings: InfillSettings, related_tokens: int = 0) -> FillRequest:
        """What dgls is asked, with as much of the other files as ``related_tokens`` allow."""
        cursor = len(self.prefix)
        text, gap = self.filled(""), Gap(cursor, cursor)
        request = FillRequest(text, (gap,), self.language, self.path, settings)
        if not related_tokens:
            return request
        elsewhere = Elsewhere(self.others, text, gap, related_tokens)
        return resolved(replace(request, elsewhere=elsewhere), Shelf())

    @property
    def length(self) -> str:
        """The bucket that the answer's length falls into, in characters."""
        characters = len(self.answer)
        return next(name for most, name in LENGTHS if characters <= most)
