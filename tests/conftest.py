"""Fixtures that several rooms share: tiny checkpoints, a client and documents of its own, a shared server's machine."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.lsp_client import Client, serving
from tests.server_desk import Desk

# Tests run beside each other and beside whatever else runs: threads of torch would wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def tiny_dgls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a checkpoint of the kind that dgls trains; read only."""
    from tests.checkpoints import build_tiny_dgls

    return build_tiny_dgls(tmp_path_factory.mktemp("checkpoints") / "tiny_dgls")


@pytest.fixture(scope="session")
def tiny_26b(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a checkpoint with the 26B's own kind of config, without a dgls.json; read only."""
    from tests.checkpoints import build_tiny_26b

    return build_tiny_26b(tmp_path_factory.mktemp("checkpoints") / "tiny_26b")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A machine on which no server runs yet."""
    # Not in tmp_path: the path of a socket is short.
    runtime = Path(tempfile.mkdtemp(prefix="dgls"))
    yield Desk(runtime, tmp_path / "loads")
    shutil.rmtree(runtime, ignore_errors=True)


numbers = count()


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """A client of the scripted server, ready; one per file of tests."""
    with serving() as client:
        client.ready()
        yield client


@pytest.fixture
def uri() -> str:
    """A document that no other test opens."""
    return f"file:///project/document{next(numbers)}.py"
