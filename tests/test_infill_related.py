"""What is read of other files: that it is related, that it keeps to its budget, and that typing leaves it alone."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgls.config import InfillSettings, ModelSettings
from dgls.evaluation.cuts import SourceFile
from dgls.infill.canvas import plan_request
from dgls.infill.context import fit_related
from dgls.infill.layout import BOS_ID, PATH_ID, PREFIX_ID
from dgls.infill.related import CHARACTERS_PER_TOKEN, MOST_LINES, Shelf, index, resolved
from dgls.infill.request import Elsewhere, FillRequest, Gap, Piece, Related, Source
from dgls.model.host import Host, load_host
from dgls.server.elsewhere import OtherTexts
from dgls.text import Document

PRICING = '''\
"""Prices."""

RATE = 19


def gross(net: float) -> float:
    """A price with taxes."""
    return net * (1 + RATE / 100)


class Basket:
    """What a customer wants."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.lines = []

    @property
    def weight(self) -> float:
        return sum(line.weight for line in self.lines)
'''
PARSING = """\
def tokens(source):
    for word in source.split():
        yield word.lower()


def count_words(source):
    return sum(1 for word in tokens(source))
"""
SHOP = """\
from pricing import gross


def receipt(items):
    total = 0
    for item in items:
        total += ├┤
    return total
"""


def request(
    marked: str, sources: tuple[Source, ...], tokens: int = 256, path: str = "shop.py"
) -> FillRequest:
    before, _, after = marked.partition("├┤")
    text, gap = before + after, Gap(len(before), len(before))
    asked = FillRequest(text, (gap,), "python", path, elsewhere=Elsewhere(sources, text, gap, tokens))
    return resolved(asked, Shelf())


def pieces(marked: str, *sources: Source, tokens: int = 256) -> tuple[Piece, ...]:
    return request(marked, sources, tokens).related.pieces


def python(path: str, text: str, *edited: int) -> Source:
    return Source(path, text, "python", edited)


def test_what_defines_an_imported_name_comes_first() -> None:
    [first, *_] = pieces(SHOP, python("parsing.py", PARSING), python("pricing.py", PRICING))
    assert first.path == "pricing.py"
    assert first.text.startswith("def gross(net: float)")


def test_what_has_nothing_to_do_with_the_gap_is_left_out() -> None:
    assert pieces(SHOP, python("colours.py", "RED = '#f00'\n\nGREEN = '#0f0'\n")) == ()
    assert pieces("├┤", python("pricing.py", PRICING)) == ()
    assert pieces(SHOP) == ()


def test_of_two_alike_the_imported_or_the_edited_one_comes_first() -> None:
    for one, other in (("costs", "pricing"), ("pricing", "zcosts")):
        found = pieces(SHOP, python(f"{one}.py", PRICING), python(f"{other}.py", PRICING + "\n"))
        assert found[0].path == "pricing.py"
    bare = SHOP.replace("from pricing import gross", "x = gross")
    for edited in ("a.py", "b.py"):
        sources = [python(name, PRICING, *([5] if name == edited else [])) for name in ("a.py", "b.py")]
        assert pieces(bare, *sources)[0].path == edited


def test_what_stands_around_the_gap_is_not_read_twice() -> None:
    copy = python("copy.py", SHOP.replace("├┤", ""))
    assert pieces(SHOP, copy) == ()
    assert pieces("\n" * 5000 + "receipt(items)\n" + "├┤", copy) != ()


def test_pieces_begin_where_something_is_defined() -> None:
    cuts = index(python("pricing.py", PRICING)).cuts
    assert [cut.text.split("\n")[0] for cut in cuts] == [
        '"""Prices."""',
        "RATE = 19",
        "def gross(net: float) -> float:",
        "class Basket:",
        "    def __init__(self, owner: str) -> None:",
        "    @property",
    ]
    assert [sorted(cut.defines) for cut in cuts[2:]] == [["gross"], ["Basket"], ["__init__"], ["weight"]]


@pytest.mark.parametrize("language", ["python", "klingon"])
def test_pieces_hold_every_line_of_a_real_file_and_no_more_than_so_many(language: str) -> None:
    text = SourceFile("argparse").text
    cuts = index(Source("argparse", text, language)).cuts
    assert max(len(cut.lines) for cut in cuts) == MOST_LINES
    lines = text.split("\n")
    held = {number for cut in cuts for number in cut.lines}
    assert sum(len(cut.lines) for cut in cuts) == len(held)
    assert not any(lines[number].strip() for number in set(range(len(lines))) - held)
    for cut in cuts:
        assert cut.text == "\n".join(lines[cut.lines.start : cut.lines.stop])


NAMES = st.sampled_from(
    ["gross", "receipt", "items", "total", "basket", "def", "\n", "\n\n", "    ", "(", "x" * 90]
)
TEXTS = st.lists(NAMES, max_size=60).map(" ".join)


@given(st.lists(TEXTS, max_size=4), TEXTS, st.integers(1, 200))
@settings(max_examples=40, deadline=None)
def test_a_choice_keeps_to_its_budget_and_depends_on_the_request_alone(
    others: list[str], text: str, tokens: int
) -> None:
    sources = tuple(python(f"{number}.py", other) for number, other in enumerate(others))
    elsewhere = Elsewhere(sources, text, Gap(len(text) // 2, len(text) // 2), tokens)
    chosen = Shelf().related(elsewhere)
    assert sum(len(piece.path) + len(piece.text) for piece in chosen.pieces) <= CHARACTERS_PER_TOKEN * tokens
    assert all(any(piece.text in source.text for source in sources) for piece in chosen.pieces)
    warm = Shelf()
    warm.related(elsewhere._replace(text=PRICING, gap=Gap(9, 9)))
    assert warm.related(elsewhere) == warm.related(elsewhere) == chosen


@pytest.fixture(scope="module", params=["tiny_dgls", "tiny_26b"])
def host(request: pytest.FixtureRequest) -> Host:
    folder: Path = request.getfixturevalue(request.param)
    return load_host(ModelSettings(checkpoint=str(folder)), lambda fraction, step: None)


MODULES = ("argparse", "textwrap", "shlex", "configparser")
LIBRARY = tuple(python(f"lib/{module}.py", SourceFile(module).text) for module in MODULES)


@pytest.mark.parametrize("tokens", [100, 2000])
def test_a_context_holds_the_best_pieces_and_leaves_half_to_the_file_itself(host: Host, tokens: int) -> None:
    asked = request(SourceFile("csv").text + "├┤", LIBRARY, tokens, "lib/csv.py")
    few = InfillSettings(context_tokens=512)
    alone = FillRequest(asked.text, asked.gaps, asked.language, asked.path, few)
    beside = FillRequest(asked.text, asked.gaps, asked.language, asked.path, few, related=asked.related)
    context = plan_request(host, beside).context
    spelled = host.tokenizer.decode(context).decode(errors="replace")
    assert len(context) <= 512
    assert spelled.endswith(asked.text[-60:])
    assert asked.related.pieces[0].text.split("\n")[0] in spelled
    assert asked.related.pieces[0].text.split("\n")[0] not in asked.text
    assert plan_request(host, alone).context == plan_request(host, alone).context != context


@given(
    st.lists(st.tuples(st.sampled_from("abc"), TEXTS), max_size=6), st.integers(0, 300), st.integers(0, 300)
)
def test_pieces_fit_into_their_tokens_whatever_a_token_is(
    given_pieces: list[tuple[str, str]], tokens: int, most: int
) -> None:
    related = Related(tuple(Piece(*piece) for piece in given_pieces), tokens)
    fitting = fit_related(related, most, lambda piece: len(piece.text) + 5)
    assert sum(len(piece.text) + 5 for piece in fitting) <= min(tokens, most)
    assert all(
        any(piece.path == own.path and own.text.startswith(piece.text) for own in related.pieces)
        for piece in fitting
    )
    assert fitting == sorted(fitting)


def test_the_dgls_format_shows_another_file_as_it_shows_a_file(tiny_dgls: Path) -> None:
    host = load_host(ModelSettings(checkpoint=str(tiny_dgls)), lambda fraction, step: None)
    asked = request(SHOP, (python("pricing.py", PRICING),))
    encode = host.tokenizer.encode
    expected = [BOS_ID]
    for piece in sorted(asked.related.pieces):
        expected += [PATH_ID, *encode(piece.path), PREFIX_ID, *encode(piece.text + "\n")]
    expected += [PATH_ID, *encode("shop.py"), PREFIX_ID, *encode(SHOP.partition("├┤")[0])]
    assert plan_request(host, asked).context == expected


def read_while_typing(host: Host, tokens: int, *, stay: bool) -> tuple[int, int]:
    """Tokens that are read, in all and at the first keystroke, while a function is typed into a file."""
    before, after = SourceFile("csv").text[:6000], "\n\nprint(done)\n"
    typed = '\n\ndef report(rows):\n    """A line per row."""\n    for row in rows:\n        print(row)\n' * 2
    others = [Document.of(f"file:///{source.path}", "python", 1, source.text) for source in LIBRARY]
    store, texts, shelf = host.new_store(), OtherTexts(), Shelf()
    counts: list[int] = []
    for count in range(0, len(typed), 3):
        text = before + typed[:count] + after
        document = Document.of("file:///own.py", "python", count, text)
        gap = Gap(len(before) + count, len(before) + count)
        readable = [(each.uri, each) for each in [document, *others]]
        elsewhere = (texts if stay else OtherTexts()).at(document, text, gap, readable, tokens)
        asked = FillRequest(text, (gap,), "python", "own.py", elsewhere=elsewhere)
        context = plan_request(host, resolved(asked, shelf)).context
        counts.append(store.missing(context))
        for _ in host.prefill(store, context):
            pass
    return sum(counts), counts[0]


def test_typing_leaves_what_is_related_in_the_prefix_cache(tiny_dgls: Path) -> None:
    host = load_host(ModelSettings(checkpoint=str(tiny_dgls)), lambda fraction, step: None)
    alone, first = read_while_typing(host, 0, stay=True)
    beside, first_beside = read_while_typing(host, 192, stay=True)
    anew, _ = read_while_typing(host, 192, stay=False)
    assert beside - first_beside <= 1.3 * (alone - first)
    assert anew > 1.5 * beside
