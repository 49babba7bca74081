"""Files as `dgls fill` takes them: places, gaps, and bytes that stay what they were."""

import stat
from codecs import BOM_UTF8
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgls.infill.request import Gap
from dgls.terminal.source import InputError, Place, Source

TEXT = "é = 1\r\n\tb\u2028c\rlast"

# Bytes that are UTF-8 and bytes that are not, with every kind of line end.
PIECES = [b"a", b"\n", b"\r\n", b"\r", b"\t", "é😀\u2028".encode(), b"\xff\xe9", b"\x0c"]
CONTENT = st.lists(st.sampled_from(PIECES) | st.binary(max_size=4)).map(b"".join)


def source(text: str) -> Source:
    return Source("a.py", text.encode())


@pytest.mark.parametrize(
    ("place", "offset"),
    [("1:1", 0), ("1:6", 5), ("2:1", 7), ("2:4", 10), ("2:5", 11), ("3:1", 12), ("3:5", 16)],
)
def test_places_count_lines_and_characters_from_one(place: str, offset: int) -> None:
    assert source(TEXT).offset(Place.parse(place)) == offset
    assert str(source(TEXT).place(offset)) == place


@pytest.mark.parametrize("place", ["0:1", "1:0", "4:1", "1:7", "2:6", "3:6"])
def test_a_place_outside_is_refused_with_what_there_is(place: str) -> None:
    has = r"(it has lines 1 to 3|line \d has columns 1 to \d)"
    with pytest.raises(InputError, match=f"^{place} is outside of a.py: {has}$"):
        source(TEXT).offset(Place.parse(place))


@pytest.mark.parametrize(
    ("at", "ranges", "message"),
    [
        (["1,2"], [], "'1,2' is no place"),
        (["x:1"], [], "'x:1' is no place"),
        ([], ["1:1"], "'1:1' is no range"),
        ([], ["1:3-1:1"], "the range 1:3-1:1 ends before it starts"),
        (["1:2"], ["1:1-1:3"], "two gaps overlap at 1:2"),
        (["1:2", "1:2"], [], "two gaps overlap at 1:2"),
    ],
)
def test_wrong_gaps_are_refused(at: list[str], ranges: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        source(TEXT).gaps(at, ranges)


def test_gaps_are_sorted_and_may_touch() -> None:
    assert source("abcdef").gaps(["1:7"], ["1:3-1:5", "1:1-1:3"]) == (Gap(0, 2), Gap(2, 4), Gap(6, 6))


@given(content=CONTENT, bom=st.booleans(), data=st.data())
def test_no_byte_outside_the_gaps_changes(content: bytes, bom: bool, data: st.DataObject) -> None:
    raw = BOM_UTF8 * bom + content
    whole = Source("a.py", raw)
    ends = data.draw(st.lists(st.integers(0, len(whole.text)), min_size=2, max_size=6).map(sorted))
    gaps = [Gap(start, end) for start, end in zip(ends[::2], ends[1::2], strict=False)]
    fills = data.draw(st.lists(st.text(alphabet="x\né", max_size=3), min_size=len(gaps), max_size=len(gaps)))
    kept = [raw[: len(raw) - len(whole.text.encode("utf-8", "surrogateescape"))]]
    position = 0
    for gap, fill in zip(gaps, fills, strict=True):
        kept += [whole.text[position : gap.start].encode("utf-8", "surrogateescape"), fill.encode()]
        position = gap.end
    kept.append(whole.text[position:].encode("utf-8", "surrogateescape"))
    assert whole.filled(gaps, fills) == b"".join(kept)


@given(content=CONTENT, bom=st.booleans(), cursor=st.integers(0, 100))
def test_an_empty_fill_at_a_cursor_changes_nothing(content: bytes, bom: bool, cursor: int) -> None:
    whole = Source("a.py", BOM_UTF8 * bom + content)
    offset = min(cursor, len(whole.text))
    assert whole.filled([Gap(offset, offset)], [""]) == whole.raw


@given(content=CONTENT)
def test_what_the_model_reads_has_the_offsets_of_the_file_and_no_surrogates(content: bytes) -> None:
    whole = Source("a.py", content)
    assert len(whole.readable) == len(whole.text)
    whole.readable.encode()


def test_writing_keeps_mode_and_links(tmp_path: Path) -> None:
    file, link = tmp_path / "real.py", tmp_path / "link.py"
    file.write_bytes(b"a\r\n")
    file.chmod(0o751)
    link.symlink_to(file)
    Source.read(str(link)).write(b"b\r\n")
    assert link.is_symlink()
    assert file.read_bytes() == b"b\r\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o751
    assert sorted(tmp_path.iterdir()) == [link, file]


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"before")
    read = Source.read(str(file))
    file.write_bytes(b"changed")
    with pytest.raises(InputError, match="changed by another program"):
        read.write(b"after")
    assert file.read_bytes() == b"changed"
