"""The corpus: source files, cleaned, without duplicates, split by package, written as shards with a manifest.

A shard is a msgpack list of :class:`Document`: text and the spans of its syntax nodes, so that a training machine
needs neither a parser nor the packages. Held-out packages are chosen by a hash of their name: a package is on the
same side in every corpus that is ever built, but for corpora so small that all of theirs are on one.
"""

import hashlib
import itertools
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec
import numpy as np
from tokenizers import Tokenizer

from dgls.syntax import language_of
from dgls.syntax.spans import node_spans
from dgls.training.duplicates import Seen
from dgls.training.excluded import STANDARD_LIBRARY
from dgls.training.folder import written_aside
from dgls.training.sources import SourcePackage

MANIFEST = "manifest.json"
SHARD_BYTES = 8 << 20
HELD_OUT_OF = 12
"""One package in so many is held out."""
SMALLEST_FILE, LARGEST_FILE = 400, 400_000
LONGEST_LINE = 400
GENERATED = re.compile(
    r"(auto[- ]?generated|automatically generated|generated (by|from|with)|do not (edit|modify))",
    re.IGNORECASE,
)
COMPILED = re.compile(r"__esModule|sourceMappingURL|webpackUniversalModuleDefinition")
SMALLEST_NODE, LARGEST_NODE = 2, 800


class Document(msgspec.Struct, frozen=True):
    """One source file. ``nodes`` holds int32 pairs (start, end) of character offsets, little-endian."""

    package: str
    name: str
    language: str
    text: str
    nodes: bytes

    def spans(self) -> "np.ndarray[tuple[int, int], np.dtype[np.int32]]":
        """The node spans, [nodes, 2]."""
        return np.frombuffer(self.nodes, dtype="<i4").reshape(-1, 2)


class PackageEntry(msgspec.Struct):
    """What the manifest says of a package."""

    name: str
    version: str
    licence: str
    split: str
    files: int = 0
    characters: int = 0
    languages: dict[str, int] = {}
    """Characters by language."""
    tokens: int = 0
    """As the run that reads the corpus tokenises it; 0 until it did."""

    def add(self, document: Document) -> None:
        """Count a file of the package."""
        size = len(document.text)
        self.files += 1
        self.characters += size
        self.languages[document.language] = self.languages.get(document.language, 0) + size


class Mixture(msgspec.Struct, frozen=True):
    """How much a corpus holds of what.

    ``characters`` of training text at most, and of those at most a share per language (what is not named is left out);
    no package gives more than ``from_package`` of a language.
    """

    characters: int
    languages: dict[str, float]
    from_package: int


class Manifest(msgspec.Struct):
    """What is in a corpus: packages, shards, and how many files each filter dropped."""

    packages: list[PackageEntry]
    shards: dict[str, list[str]]
    dropped: dict[str, int]
    excluded: list[str]

    def characters(self, split: str) -> int:
        """Characters of all packages of a split."""
        return sum(package.characters for package in self.packages if package.split == split)


class CorpusError(Exception):
    """A corpus that cannot be built or read; the message says what to do."""


def held_out(package: str) -> bool:
    """Whether a package is held out, by a hash of its name alone."""
    return _digest(package)[0] % HELD_OUT_OF == 0


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.lower().encode()).digest()


def build_corpus(
    packages: Iterable[SourcePackage],
    folder: Path,
    mixture: Mixture,
    benchmarks: Iterable[str],
    report: Callable[[str, int], None],
) -> Manifest:
    """Write a corpus of ``mixture`` to ``folder``, which must not exist yet.

    Small packages come first, since many hands teach more than one. ``benchmarks`` are texts to stay clear of (see
    :mod:`dgls.training.duplicates`). ``report`` is told each package's name and the training characters so far. Raises
    :class:`CorpusError` where nothing is found, or the disk is full.
    """
    if folder.exists():
        raise CorpusError(f"{folder} exists already; remove it or name another folder")
    aside = folder.with_name(folder.name + ".partial")
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        manifest = _write(sorted(packages, key=_size), aside, mixture, benchmarks, report)
        (aside / MANIFEST).write_bytes(_encoded(manifest))
        aside.rename(folder)
    except OSError as error:
        raise CorpusError(f"{folder} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return manifest


def _size(package: SourcePackage) -> int:
    """Bytes of all files of a package."""
    return sum(file.path.stat().st_size for file in package.files)


def _write(
    packages: Iterable[SourcePackage],
    folder: Path,
    mixture: Mixture,
    benchmarks: Iterable[str],
    report: Callable[[str, int], None],
) -> Manifest:
    """Write the shards of a corpus; answers its manifest."""
    seen = Seen(benchmarks)
    dropped: Counter[str] = Counter()
    manifest = Manifest([], {"train": [], "heldout": []}, {}, sorted(STANDARD_LIBRARY))
    writers = {split: _ShardWriter(folder, split, manifest.shards[split]) for split in manifest.shards}
    room = {language: int(mixture.characters * share) for language, share in mixture.languages.items()}
    for package in packages:
        split = "heldout" if held_out(package.name) else "train"
        entry = PackageEntry(package.name, package.version, package.licence, split)
        own: Counter[str] = Counter()
        fitting = [file for file in package.files if room.get(file.language, 0) > 0]
        for document in _documents(package._replace(files=fitting), seen, dropped):
            language, size = document.language, len(document.text)
            if own[language] + size > mixture.from_package or room[language] < size:
                dropped["share used up"] += 1
                continue
            writers[split].add(document)
            own[language] += size
            if split == "train":
                room[language] -= size
            entry.add(document)
        if entry.files:
            manifest.packages.append(entry)
        report(package.name, manifest.characters("train"))
    for writer in writers.values():
        writer.flush()
    if not manifest.packages:
        raise CorpusError("no source file passed the filters; name folders that hold source code")
    manifest.dropped = dict(dropped)
    return manifest if all(manifest.shards.values()) else _split_anew(folder, manifest)


def _split_anew(folder: Path, manifest: Manifest) -> Manifest:
    """Hold out about a twelfth of a corpus that is all on one side: of its packages, or of a single one its files.

    Rewrites the shards; answers the new manifest. A single file is trained on.
    """
    written = [name for names in manifest.shards.values() for name in names]
    documents = _read_shards(folder, written)
    for name in written:
        (folder / name).unlink()
    by_package = len(manifest.packages) > 1
    units = [document.package if by_package else document.name for document in documents]
    sizes: Counter[str] = Counter()
    for unit, document in zip(units, documents, strict=True):
        sizes[unit] += len(document.text)
    chosen = _about_a_twelfth(sizes) if len(sizes) > 1 else set()
    entries: dict[tuple[str, str], PackageEntry] = {}
    stated = {package.name: package for package in manifest.packages}
    shards: dict[str, list[str]] = {"train": [], "heldout": []}
    writers = {split: _ShardWriter(folder, split, shards[split]) for split in shards}
    for unit, document in zip(units, documents, strict=True):
        split = "heldout" if unit in chosen else "train"
        package = stated[document.package]
        empty = PackageEntry(package.name, package.version, package.licence, split)
        entries.setdefault((package.name, split), empty).add(document)
        writers[split].add(document)
    for writer in writers.values():
        writer.flush()
    return Manifest(list(entries.values()), shards, manifest.dropped, manifest.excluded)


def _about_a_twelfth(sizes: Mapping[str, int]) -> set[str]:
    """Names of at least one and not all, by a hash of the name, that make up about a twelfth where they can."""
    room = sum(sizes.values()) / HELD_OUT_OF
    chosen: set[str] = set()
    for name in sorted(sizes, key=_digest):
        if sizes[name] <= room:
            chosen.add(name)
            room -= sizes[name]
    return chosen or {min(sizes, key=lambda name: sizes[name])}


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a corpus. Raises :class:`CorpusError` where ``folder`` holds none."""
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise CorpusError(
            f'{folder} is no corpus (it has no {MANIFEST}); build one with "dgls train corpus"'
        ) from None
    except msgspec.MsgspecError as error:
        raise CorpusError(f"{folder / MANIFEST}: {error}; build the corpus again") from error


def read_documents(folder: Path, split: str) -> list[Document]:
    """All documents of a split, in order. Raises :class:`CorpusError` on a missing or broken shard."""
    return _read_shards(folder, read_manifest(folder).shards[split])


def _read_shards(folder: Path, names: Iterable[str]) -> list[Document]:
    documents: list[Document] = []
    for name in names:
        try:
            documents += msgspec.msgpack.decode((folder / name).read_bytes(), type=list[Document])
        except (OSError, msgspec.MsgspecError) as error:
            raise CorpusError(f"{folder / name}: {error}; build the corpus again") from error
    return documents


def count_tokens(folder: Path, tokenizer: Tokenizer) -> None:
    """Note in the manifest how many tokens each package has, if that was not done before.

    Raises :class:`CorpusError` on a broken corpus, :class:`dgls.training.folder.TrainingError` where the manifest
    cannot be written.
    """
    manifest = read_manifest(folder)
    if all(package.tokens for package in manifest.packages):
        return
    for split, names in manifest.shards.items():
        lengths = (length for name in names for length in _lengths(_read_shards(folder, [name]), tokenizer))
        for package in manifest.packages:
            if package.split == split:  # its documents follow those of the one before
                package.tokens = sum(itertools.islice(lengths, package.files))
    with written_aside(folder / MANIFEST) as aside:
        aside.write_bytes(_encoded(manifest))


def _lengths(documents: Iterable[Document], tokenizer: Tokenizer) -> list[int]:
    texts = [document.text for document in documents]
    return list(map(len, tokenizer.encode_batch_fast(texts, add_special_tokens=False)))


def _encoded(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest))


def _documents(package: SourcePackage, seen: Seen, dropped: Counter[str]) -> Iterator[Document]:
    """The package's files that pass all filters; what does not is counted under its reason."""
    for file in package.files:
        try:
            text = file.path.read_bytes().decode("utf-8")
        except OSError:
            dropped["unreadable"] += 1
            continue
        except UnicodeDecodeError:
            dropped["not UTF-8"] += 1
            continue
        reason = _unfit(text) or seen.repeated(text)
        language = language_of(file.language, file.name)
        if reason is None and language is None:
            reason = "no grammar"
        if reason is not None:
            dropped[reason] += 1
            continue
        assert language is not None
        spans = node_spans(text, language, SMALLEST_NODE, LARGEST_NODE)
        nodes = np.array(spans, dtype="<i4").reshape(-1, 2).tobytes()
        yield Document(package.name, file.name, file.language, text, nodes)


def _unfit(text: str) -> str | None:
    """Why a file is not worth training on, or None."""
    if not SMALLEST_FILE <= len(text) <= LARGEST_FILE:
        return "too small or too large"
    if "\0" in text or max(map(len, text.splitlines())) > LONGEST_LINE:
        return "minified or binary"
    if GENERATED.search(text[:2000]):
        return "generated"
    if COMPILED.search(text[:4000]):
        return "compiled"
    letters = sum(character.isalpha() or character.isspace() for character in text[:20_000])
    if letters < 0.5 * min(len(text), 20_000):
        return "tables, not code"
    return None


class _ShardWriter:
    """Gathers documents and writes a shard whenever enough text has come together."""

    def __init__(self, folder: Path, split: str, names: list[str]) -> None:
        self.folder, self.split, self.names = folder, split, names
        self.documents: list[Document] = []
        self.size = 0

    def add(self, document: Document) -> None:
        self.documents.append(document)
        self.size += len(document.text) + len(document.nodes)
        if self.size >= SHARD_BYTES:
            self.flush()

    def flush(self) -> None:
        if self.documents:
            name = f"{self.split}-{len(self.names):05}.msgpack"
            (self.folder / name).write_bytes(msgspec.msgpack.encode(self.documents))
            self.names.append(name)
            self.documents, self.size = [], 0
