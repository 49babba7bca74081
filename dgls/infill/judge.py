"""What is wrong with a candidate, of any origin: faults that it adds, and gaps in which it says nothing."""

from dgls.infill.candidate import Candidate, Judged
from dgls.infill.request import FillRequest
from dgls.syntax import Fragment, Verdict, encoding_faults, silent_gaps, verdict


def judge(request: FillRequest, fragment: Fragment | None, candidate: Candidate) -> Judged:
    """What is wrong with a candidate; without a fragment, only bytes that are no text, and blanks."""
    silent = silent_gaps(fragment, request.originals, candidate.drawn)
    if fragment and fragment.unclosed and candidate.canvas.closed:
        # What it keeps is none of its doing: code that has begun may be wrong right there.
        return Judged(candidate, verdict(fragment.unclosed, candidate.drawn), silent)
    if fragment:
        return Judged(candidate, verdict(fragment, candidate.texts), silent)
    return Judged(candidate, Verdict(tuple(encoding_faults(candidate.texts)), checked=False), silent)
