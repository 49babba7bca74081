"""Fixtures that several rooms share: tiny checkpoints, built once per run; a client, and documents of its own."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from lsp_client import Client, serving

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
