"""What a terminal shows: drafts in their places, diffs that apply."""

import io
import re

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from dgls.infill.request import Frame, Gap, Run
from dgls.terminal import view

PIECES = ["a", "b", "\n", "\r\n", "\r", "\x0c", "\u2028", "c\n", "\n\n\n\n\n"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
HEADER = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
NO_LINE_END = "\\ No newline at end of file"

CODE = "def area(width, height):\n    return width * height\n"
GAP = Gap(CODE.index("width *"), CODE.index("\n", 30))


def shown(renderable: RenderableType) -> str:
    output = io.StringIO()
    Console(file=output, width=60).print(renderable)
    return output.getvalue()


def applied(text: str, diff: str) -> str:
    """``text`` with a unified diff applied: each line of each hunk has to stand where it says."""
    old = text.split("\n")
    new: list[str] = []
    taken = 0
    lines = iter(diff.split("\n")[2:-1])
    for line in lines:
        if found := HEADER.fullmatch(line):
            start, count = int(found[1]), int(found[2] or 1)
            until = start - 1 if count else start
            new += old[taken:until]
            taken = until
            assert len(new) == int(found[3]) - (int(found[4] or 1) > 0)
        else:
            if line[0] in " -":
                assert old[taken] == line[1:]
                taken += 1
            if line[0] in " +":
                new.append(line[1:])
    return "\n".join(new + old[taken:])


@given(text=TEXTS, data=st.data())
def test_a_diff_turns_the_text_into_the_filled_text(text: str, data: st.DataObject) -> None:
    ends = data.draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=6).map(sorted))
    gaps = [Gap(start, end) for start, end in zip(ends[::2], ends[1::2], strict=False)]
    fills = data.draw(st.lists(TEXTS, min_size=len(gaps), max_size=len(gaps)))
    filled, position = "", 0
    for gap, fill in zip(gaps, fills, strict=True):
        filled += text[position : gap.start] + fill
        position = gap.end
    filled += text[position:]
    diff = view.unified_diff("a.py", text, gaps, fills)
    assert bool(diff) == (filled != text)
    if text.endswith("\n") and filled.endswith("\n"):  # else there are marks, which the next test looks at
        assert applied(text, diff) == filled


def test_a_missing_line_end_is_marked() -> None:
    assert view.unified_diff("a", "x\ny", [Gap(2, 3)], ["z"]).splitlines() == [
        *("--- a/a", "+++ b/a", "@@ -1,2 +1,2 @@", " x"),
        *("-y", NO_LINE_END, "+z", NO_LINE_END),
    ]


def test_a_diff_in_a_long_file_holds_only_what_is_near_the_gaps() -> None:
    text = "".join(f"line{number}\n" for number in range(100_000))
    places = [text.index("line40000\n"), text.index("line90000\n")]
    diff = view.unified_diff("a", text, [Gap(place, place) for place in places], ["x\ny", "z"])
    assert [line for line in diff.splitlines() if line.startswith("@@")] == [
        "@@ -39998,7 +39998,8 @@",
        "@@ -89998,7 +89999,7 @@",
    ]


def test_a_draft_stands_in_its_gap_and_noise_shows_no_text() -> None:
    frame = Frame(1, "denoising", ((Run("width", 0.9), Run("noise", None)),))
    assert [line.rstrip() for line in shown(view.canvas(CODE, [GAP], frame, "python")).splitlines()] == [
        "1 │ def area(width, height):",
        f"2 │     return width{view.UNSETTLED}",
    ]


def test_before_the_first_frame_every_gap_is_noise() -> None:
    text = CODE + "\n" * 20 + CODE
    far = len(CODE) + 20
    drawn = shown(view.canvas(text, [GAP, Gap(GAP.start + far, GAP.end + far)], None, "python"))
    assert [line.strip() for line in drawn.splitlines() if "return" in line or "⋯" in line] == [
        f"2 │     return {view.UNSETTLED}",
        "⋯",
        f"24 │     return {view.UNSETTLED}",
    ]


def test_nothing_that_a_terminal_would_obey_is_shown() -> None:
    hostile = "x = '\x1b]0;title\x07\x9b31m\u202e'\r\n"
    frame = Frame(1, "denoising", ((Run("\x1b[2J\ud800", 0.5),),))
    for drawn in (
        shown(view.canvas(hostile, [Gap(4, 4)], frame, "python")),
        shown(view.coloured(view.unified_diff("a", hostile, [Gap(0, 0)], ["\x1b[2J"]))),
    ):
        assert not set(drawn) & set("\x1b\x07\x9b\u202e\ud800\r")


def test_colours_go_from_red_to_green() -> None:
    colours = [view.confidence_style(confidence).color for confidence in (-1.0, 0.0, 0.5, 1.0, 2.0)]
    reds, greens = zip(*(colour.get_truecolor()[:2] for colour in colours if colour), strict=True)
    assert reds[0] == reds[1] > greens[0] == greens[1]
    assert reds[-1] == reds[-2] < greens[-1] == greens[-2]
