"""Notebooks: every cell is a document of its own, and the cells around it are what it is read with.

Code cells of the same language above a cell stand before it, those below behind it, in order, so that a fill in one
cell sees its neighbours. Each is judged alone, since each is run alone. What IPython understands and Python does not
(``%matplotlib inline``, ``!ls``, ``name?``) is shown to the model and the parser as comments of the same length, so
that offsets in a cell stay what they are. Knows no model and no parser.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from lsprotocol import types as lsp

from dgls.infill.request import Gap
from dgls.server.documents import Documents
from dgls.text import Document

SYNC = lsp.NotebookDocumentSyncOptions([lsp.NotebookDocumentFilterWithNotebook("*")], save=True)
"""All cells of all notebooks."""

BETWEEN = "\n\n"
MAGICS = re.compile(
    r"^(?P<indent>[ \t]*)(?:%%?(?=[A-Za-z])|!(?=[^=\n])|\?(?=[\w*%])).",
    re.MULTILINE,
)
ASSIGNED_MAGICS = re.compile(
    r"^(?P<target>[ \t]*[\w., ]+=[ \t]*)(?:%(?=[A-Za-z])|!(?=[^=\n])).", re.MULTILINE
)
HELP = re.compile(r"^(?P<name>[ \t]*[%\w.]+)(?P<marks>\?{1,2})[ \t]*$", re.MULTILINE)
CELL_MAGIC = re.compile(r"\s*%%(?P<name>\w+)")
OTHER_LANGUAGES = {
    "bash": "shellscript",
    "html": "html",
    "HTML": "html",
    "javascript": "javascript",
    "js": "javascript",
    "latex": "latex",
    "markdown": "markdown",
    "perl": "perl",
    "ruby": "ruby",
    "script": "shellscript",
    "sh": "shellscript",
    "sql": "sql",
    "svg": "xml",
    "system": "shellscript",
    "sx": "shellscript",
    "writefile": "plaintext",
}
"""What a cell is written in that begins with such a magic; all others are Python still (``%%time``)."""


class View(NamedTuple):
    """What the engine reads of a document: its own text begins at ``shift`` in ``text``.

    ``part`` is where it stands in ``text``, if other text stands around it.
    """

    text: str
    shift: int
    language_id: str
    part: Gap | None = None


class Notebooks:
    """The notebooks of one client; the text of their cells is in ``documents``."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._cells: dict[str, list[lsp.NotebookCell]] = {}
        """URI of a notebook -> its cells, in order."""

    def notebook_of(self, uri: str) -> str | None:
        """The notebook that a cell is in; None for any other document."""
        return next(
            (
                notebook
                for notebook, cells in self._cells.items()
                if any(cell.document == uri for cell in cells)
            ),
            None,
        )

    def cells(self, notebook: str) -> list[str]:
        """The URIs of a notebook's cells, in order."""
        return [cell.document for cell in self._cells.get(notebook, ())]

    def open(self, params: lsp.DidOpenNotebookDocumentParams) -> list[str]:
        """Keep a notebook that the client has opened; answers the URIs of the cells that are new."""
        self._cells[params.notebook_document.uri] = list(params.notebook_document.cells)
        for item in params.cell_text_documents:
            self._documents.open(item)
        return [item.uri for item in params.cell_text_documents]

    def change(self, params: lsp.DidChangeNotebookDocumentParams) -> list[str]:
        """Bring a notebook to its next version; answers the URIs of the cells whose text is another, new or gone."""
        changed: list[str] = []
        own = self._cells.get(params.notebook_document.uri)
        cells = params.change.cells
        if cells is None or own is None:
            return changed
        if cells.structure is not None:
            array = cells.structure.array
            own[array.start : array.start + array.delete_count] = array.cells or ()
            for item in cells.structure.did_open or ():
                self._documents.open(item)
                changed.append(item.uri)
            for closed in cells.structure.did_close or ():
                self._documents.close(closed.uri)
                changed.append(closed.uri)
        newer = {cell.document: cell for cell in cells.data or ()}
        own[:] = [newer.get(cell.document, cell) for cell in own]
        for content in cells.text_content or ():
            self._documents.change(lsp.DidChangeTextDocumentParams(content.document, content.changes))
            changed.append(content.document.uri)
        return changed

    def close(self, params: lsp.DidCloseNotebookDocumentParams) -> list[str]:
        """Forget a notebook; answers the URIs of its cells."""
        gone = {cell.document for cell in self._cells.pop(params.notebook_document.uri, ())}
        gone.update(identity.uri for identity in params.cell_text_documents)
        for uri in gone:
            self._documents.close(uri)
        return sorted(gone)

    def alone(self, document: Document, gaps: Sequence[Gap] = ()) -> View:
        """What is read of ``document`` by itself; lines that ``gaps`` touch are left as they are."""
        if self.notebook_of(document.uri) is None:
            return View(document.text, 0, document.language_id)
        return View(readable(document, gaps), 0, language_in(document))

    def among_others(self, document: Document, gaps: Sequence[Gap] = ()) -> View:
        """What is read for ``gaps`` of ``document``: with a cell, what stands around it."""
        own = self.alone(document, gaps)
        notebook = self.notebook_of(document.uri)
        if notebook is None or own.language_id != document.language_id:
            return own
        cells = self.cells(notebook)
        place = cells.index(document.uri)
        above = "".join(f"{text}{BETWEEN}" for text in self._texts(cells[:place], own.language_id))
        below = "".join(f"{BETWEEN}{text}" for text in self._texts(cells[place + 1 :], own.language_id))
        part = Gap(len(above), len(above) + len(own.text))
        return View(f"{above}{own.text}{below}", len(above), own.language_id, part)

    def _texts(self, uris: Sequence[str], language: str) -> list[str]:
        """What the model reads of other cells: the code among them that is in ``language``."""
        documents = (self._documents.find(uri) for uri in uris)
        return [
            readable(document).rstrip()
            for document in documents
            if document is not None and document.text.strip() and language_in(document) == language
        ]


def language_in(cell: Document) -> str:
    """The language that a cell is written in, which its first line may say."""
    magic = CELL_MAGIC.match(cell.text) if cell.language_id == "python" else None
    return OTHER_LANGUAGES.get(magic["name"], cell.language_id) if magic else cell.language_id


def readable(cell: Document, gaps: Sequence[Gap] = ()) -> str:
    """The text of ``cell``, as long as it is, with what is IPython alone as comments.

    Lines that ``gaps`` touch stay as they are. A cell magic that names another language is blanked.
    """
    if cell.language_id != "python":
        return cell.text
    if (magic := CELL_MAGIC.match(cell.text)) and language_in(cell) != "python":
        end = (cell.text + "\n").index("\n", magic.end())
        return cell.text if any(gap.start <= end for gap in gaps) else " " * end + cell.text[end:]

    def kept(match: re.Match[str]) -> bool:
        start = cell.text.rfind("\n", 0, match.start()) + 1
        end = (cell.text + "\n").index("\n", match.end())
        return any(gap.start <= end and start <= gap.end for gap in gaps)

    def comment(match: re.Match[str]) -> str:
        if kept(match):
            return match[0]
        indent, magic = match["indent"], match[0][len(match["indent"]) :]
        # In a block a comment is not enough: it may be the only statement there.
        return f"{indent}0#{magic[2:]}" if indent else f"#{magic[1:]}"

    def value(match: re.Match[str]) -> str:
        return match[0] if kept(match) else match["target"] + "0#"

    def name(match: re.Match[str]) -> str:
        return match[0] if kept(match) else match[0].replace("?", " ")

    text = HELP.sub(name, cell.text)
    return ASSIGNED_MAGICS.sub(value, MAGICS.sub(comment, text))
