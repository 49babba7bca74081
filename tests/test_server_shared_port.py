"""The shared server where there is no Unix socket: a port, and a secret in a file."""

import json
import socket
import stat

import pytest

from tests.lsp_client import PATIENCE, Json
from tests.server_desk import Desk, filled


@pytest.fixture
def far_desk(desk: Desk) -> Desk:
    """Its folder's path is too long for a socket."""
    runtime = desk.folder.parent / ("long" * 20)
    runtime.mkdir(mode=0o700)
    return Desk(runtime, desk.loads)


def test_a_port_and_a_secret_do_what_a_socket_does(far_desk: Desk) -> None:
    with far_desk.window() as first, far_desk.window() as second:
        assert (filled(first), filled(second)) == ("FILL", "FILL")
        address = far_desk.folder / "server.json"
        assert stat.S_IMODE(address.stat().st_mode) == 0o600
        server = far_desk.server()
        assert (first.end(), second.end()) == (1, 1)
        server.wait(PATIENCE)
        assert not address.exists()


def test_who_does_not_know_the_secret_is_not_let_in(far_desk: Desk) -> None:
    with far_desk.window() as client:
        port = json.loads((far_desk.folder / "server.json").read_text())["port"]
        hello = json.dumps({"version": client.answers["serverInfo"]["version"], "secret": "guessed"}).encode()
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as visitor:
            visitor.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(hello), hello))
            with visitor.makefile("rb") as stream:
                assert b"secret" in stream.read()
        assert filled(client)


def test_a_port_that_a_killed_server_left_behind_is_not_trusted(far_desk: Desk) -> None:
    """It may be anybody's by now."""
    with far_desk.window() as client:
        filled(client)
        server = far_desk.server()
        server.kill()
        assert client.ended() == 1
        server.wait(PATIENCE)
    far_desk.loads.unlink()
    address: Json = json.loads((far_desk.folder / "server.json").read_text())
    with socket.create_server(("127.0.0.1", address["port"])) as impostor, far_desk.window() as client:
        assert filled(client)
        impostor.settimeout(0)
        with pytest.raises(BlockingIOError):
            impostor.accept()
