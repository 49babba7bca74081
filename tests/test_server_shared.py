"""The shared server: one model for all windows, and windows that do each other no harm."""

import asyncio
import gc
import json
import socket
import stat
import sys
from pathlib import Path

import msgspec
import psutil
import pytest

import dgls
from dgls.config import ModelSettings
from dgls.server.door import SocketDoor
from dgls.server.join import Hello
from dgls.server.shared import Host, Window
from dgls.server.stdio import framed, read_messages
from dgls.text import Document
from tests.lsp_client import (
    CAPABILITIES,
    PATIENCE,
    REQUEST_FAILED,
    SCRIPTED,
    Client,
    Json,
    connected,
    wait_for,
)
from tests.scripted_server import scripted_load
from tests.server_desk import WINDOW, Desk, begin, filled

PROGRESS = {**CAPABILITIES, "window": {"workDoneProgress": True}}
ENDLESS = 200_000
"""Steps; more than anything waits for."""
REAL = [sys.executable, "-m", "dgls", "serve", "--shared"]


def step_until_closed(gate: Path) -> None:
    """Let the model take steps until it drops the fill."""
    for step in range(1, ENDLESS):
        (gate / f"step{step}").touch()
        if (gate / "closed").exists():
            return
    raise AssertionError("the fill was never dropped")


def progress(message: Json) -> str | None:
    """What of a progress bar a message says: its beginning, a step or its end."""
    if message.get("method") != "$/progress":
        return None
    kind: str = message["params"]["value"]["kind"]
    return kind


def refusal(client: Client) -> str:
    """Why a window is not let in: what its user is shown, and what its editor is answered."""
    error = client.error(
        client.request("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
    )
    assert error["code"] == REQUEST_FAILED
    assert client.shown() == error["message"]
    assert client.end() == 1
    assert error["message"] in client.log.decode()
    message: str = error["message"]
    return message


def test_13_windows_are_sessions_of_their_own_on_one_model(desk: Desk) -> None:
    with desk.window() as first, desk.window() as second:
        assert filled(first, fills=["first"]) == "first"
        assert filled(second, fills=["second"]) == "second"
        assert psutil.pid_exists(desk.server().pid)
        for client in (first, second):
            client.result(client.request("shutdown"))
            client.notify("exit", None)
            assert client.ended() == 0


def test_a_window_is_told_that_another_one_has_loaded_the_model(desk: Desk) -> None:
    """And sees no loading that has long ended."""
    wants = {**PROGRESS, "experimental": {"dgls": {"status": True}}}
    with desk.window() as first:
        assert filled(first, fills=["first"]) == "first"
        with desk.window(capabilities=wants) as second:
            assert second.incoming("dgls/status")["params"]["state"] == "ready"
            assert second.untaken("window/workDoneProgress/create") == []


def test_a_window_that_has_said_nothing_yet_hears_what_it_missed(desk: Desk, tmp_path: Path) -> None:
    """The model is loaded for another one meanwhile, and that is no error in the server's log."""
    hello = msgspec.json.encode(Hello(dgls.__version__, "", ModelSettings(), []))
    wants = {**PROGRESS, "experimental": {"dgls": {"status": True}}}
    params = {"processId": None, "rootUri": None, "capabilities": wants}
    gated = {"SCRIPT_LOAD": json.dumps({"gate": str(tmp_path)})}
    with desk.window(environment=gated) as first, socket.socket(socket.AF_UNIX) as silent:
        silent.settimeout(PATIENCE)
        silent.connect(str(desk.folder / "server.sock"))
        with silent.makefile("rb") as stream:
            said = read_messages(stream)
            silent.sendall(framed(hello))
            assert msgspec.json.decode(next(said)) == {"refused": ""}
            (tmp_path / "load").touch()
            assert filled(first) == "FILL"
            for message in (
                {"id": 1, "method": "initialize", "params": params},
                {"method": "initialized", "params": {}},
            ):
                silent.sendall(framed(json.dumps({"jsonrpc": "2.0", **message}).encode()))
            heard = (json.loads(body) for body in said)
            status = next(message for message in heard if message.get("method") == "dgls/status")
            assert status["params"]["state"] == "ready"
        assert "Error" not in (desk.folder / "server.log").read_text()


def test_only_the_user_can_open_the_door(desk: Desk) -> None:
    with desk.window():
        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode) for path in (desk.folder, *desk.folder.iterdir())
        }
        assert modes["dgls"] == 0o700
        assert modes["server.sock"] == modes["server.lock"] == modes["server.log"] == 0o600


def test_a_folder_that_others_can_enter_is_no_place_for_the_door(desk: Desk) -> None:
    desk.folder.mkdir(mode=0o700)
    desk.folder.chmod(0o755)
    with desk.bare_window() as client:
        assert "open to other users" in refusal(client)


def test_the_server_ends_with_the_last_window_and_leaves_no_door(desk: Desk) -> None:
    with desk.window() as client:
        filled(client)
        server = desk.server()
        with desk.window() as other:
            assert other.end() == 1
        assert server.is_running()
        assert client.end() == 1
        server.wait(PATIENCE)
    assert not (desk.folder / "server.sock").exists()


def test_a_window_that_is_killed_in_the_middle_of_a_fill_leaves_the_others_alone(
    desk: Desk, tmp_path: Path
) -> None:
    with desk.window() as killed, desk.window() as other:
        begin(killed, steps=ENDLESS, gate=str(tmp_path))
        wait_for(tmp_path / "begun")
        waiting = begin(other, fills=["other"])
        killed.process.kill()
        step_until_closed(tmp_path)
        other.reply(other.incoming("workspace/applyEdit"), {"applied": True})
        assert other.result(waiting)["applied"]


def test_a_window_whose_editor_is_gone_ends(desk: Desk, tmp_path: Path) -> None:
    """However long its stdin stays open."""
    editor = psutil.Popen([sys.executable, "-c", "input()"], stdin=-1)
    with desk.window(processId=editor.pid) as client, desk.window() as other:
        begin(client, steps=ENDLESS, gate=str(tmp_path))
        wait_for(tmp_path / "begun")
        editor.kill()
        editor.wait()
        assert client.ended() == 1
        step_until_closed(tmp_path)
        assert filled(other, fills=["other"]) == "other"


def test_a_long_command_of_one_window_does_not_keep_the_others_waiting(desk: Desk, tmp_path: Path) -> None:
    with desk.window() as long, desk.window() as short:
        asked = begin(long, steps=3, gate=str(tmp_path), fills=["long"])
        wait_for(tmp_path / "begun")
        waiting = begin(short, fills=["short"], steps=20)
        while short.result(short.request("dgls/status", {}))["state"] != "busy":
            pass  # it is not in line yet
        (tmp_path / "step1").touch()
        short.reply(short.incoming("workspace/applyEdit"), {"applied": True})
        assert short.result(waiting)["applied"]
        for step in (2, 3):
            (tmp_path / f"step{step}").touch()
        long.reply(long.incoming("workspace/applyEdit"), {"applied": True})
        assert long.result(asked)["applied"]


def test_who_asks_for_another_checkpoint_is_told_what_the_server_has(desk: Desk) -> None:
    with (
        desk.window() as first,
        desk.bare_window({"DGLS_MODEL_CHECKPOINT": "other", "DGLS_MODEL_DEVICE": "cpu"}) as second,
    ):
        message = refusal(second)
        assert "has checkpoint 'embedded', device 'auto'" in message
        assert "asks for checkpoint 'other', device 'cpu'" in message
        assert filled(first)


def test_a_server_that_nobody_uses_gives_way_to_who_asks_for_another_model(desk: Desk) -> None:
    """As where an editor's only window changes a setting, and starts anew before the server has ended."""
    with desk.window() as first:
        filled(first)
        earlier = desk.server()
        assert first.end() == 1
    desk.loads.unlink()
    with desk.window(environment={"DGLS_MODEL_CHECKPOINT": str(Path(__file__).parent)}) as second:
        assert filled(second)
        assert desk.server() != earlier
    earlier.wait(PATIENCE)


def test_a_checkpoint_is_the_same_however_its_folder_is_named(desk: Desk, tmp_path: Path) -> None:
    tests = Path(__file__).parent
    with (
        desk.window(environment={"DGLS_MODEL_CHECKPOINT": str(tests)}),
        desk.window(environment={"DGLS_MODEL_CHECKPOINT": tests.name}) as second,
    ):
        assert filled(second)


def test_another_version_of_dgls_is_not_let_in(desk: Desk) -> None:
    newer = (
        "import dgls; dgls.__version__ = '99.0'\n"
        "from dgls.server.join import serve_shared\n"
        "serve_shared([], ['false'])"
    )
    with desk.window() as first:
        with connected([sys.executable, "-c", newer], environment=desk.environment) as second:
            message = refusal(second)
            assert f"dgls {first.answers['serverInfo']['version']} and this window's is 99.0" in message
        assert filled(first)


def test_settings_of_a_window_are_its_own(desk: Desk) -> None:
    with desk.window(environment={"DGLS_INFILL_SEED": "7"}) as first, desk.window() as second:
        seeds = [json.loads(filled(client, echo=True))["seed"] for client in (first, second)]
        assert seeds == [7, 0]


def test_what_a_killed_server_left_behind_is_replaced(desk: Desk) -> None:
    with desk.window() as client:
        filled(client)
        desk.server().kill()
        assert client.ended() == 1
        assert b"the shared server has ended" in client.log
    assert (desk.folder / "server.sock").exists()
    desk.loads.unlink()
    with desk.window() as client:
        assert filled(client)


def test_windows_that_are_opened_at_the_same_moment_find_one_server(desk: Desk) -> None:
    with desk.bare_window() as first, desk.bare_window() as second, desk.bare_window() as third:
        for client in (first, second, third):
            client.initialize()
        assert {filled(client) for client in (first, second, third)} == {"FILL"}
        desk.server()


def test_a_server_that_does_not_start_is_an_error_that_says_so(desk: Desk) -> None:
    lost = "from dgls.server.join import serve_shared; serve_shared([], ['false'])"
    with connected([sys.executable, "-c", lost], environment=desk.environment) as client:
        assert "could not be started" in refusal(client)


def test_what_is_no_window_is_sent_away_and_the_server_lives(desk: Desk) -> None:
    with desk.window() as client:
        for said in (b"{}", b"nonsense", b'{"version": 1}'):
            with socket.socket(socket.AF_UNIX) as visitor:
                visitor.settimeout(PATIENCE)
                visitor.connect(str(desk.folder / "server.sock"))
                visitor.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(said), said))
                with visitor.makefile("rb") as stream:
                    assert b"does not understand" in stream.read()
        assert filled(client)


def test_a_model_that_nobody_uses_is_unloaded_and_loaded_again(desk: Desk) -> None:
    """Here as soon as it has nothing to do; and so in a server of one window alone."""
    at_once = {"DGLS_SERVER_UNLOAD_MINUTES": "1e-9"}
    for command in (WINDOW, SCRIPTED):
        desk.loads.unlink(missing_ok=True)
        with desk.window(command, at_once, capabilities=PROGRESS) as client:
            tokens = set()
            for count in (1, 2):
                assert filled(client) == "FILL"
                shown = client.incoming("window/workDoneProgress/create")
                client.reply(shown, None)
                ends = client.message(lambda message: progress(message) == "end")
                assert ends["params"]["token"] == shown["params"]["token"]
                assert ends["params"]["value"]["message"] == "ready"
                assert len(desk.loads.read_text().split()) >= count
                tokens.add(shown["params"]["token"])
            assert len(tokens) == 2  # an editor refuses one that it knows


async def test_what_a_window_had_open_is_freed_when_it_is_gone(tmp_path: Path) -> None:
    """In this process, to see what stays. Another window stays open, since the last one ends the process."""
    host = Host(ModelSettings(), scripted_load({}), SocketDoor(tmp_path), asyncio.get_running_loop())
    ours, theirs = zip(*(socket.socketpair() for _ in range(2)), strict=True)
    host.windows.update(Window(host, connection) for connection in theirs)
    hello = msgspec.json.encode(Hello(dgls.__version__, "", ModelSettings(), []))
    params = {"processId": None, "rootUri": None, "capabilities": {}}
    item = {"uri": "file:///a.py", "languageId": "python", "version": 1, "text": "x = 1"}
    messages = [
        {"id": 1, "method": "initialize", "params": params},
        {"method": "initialized", "params": {}},
        {"method": "textDocument/didOpen", "params": {"textDocument": item}},
    ]
    bodies = [hello, *(json.dumps({"jsonrpc": "2.0", **message}).encode() for message in messages)]
    ours[0].sendall(b"".join(framed(body) for body in bodies))

    async def open_document(there: bool) -> None:
        gc.collect()
        while there != any(type(one) is Document and one.uri == item["uri"] for one in gc.get_objects()):
            await asyncio.sleep(0.01)
            gc.collect()

    async with asyncio.timeout(PATIENCE):
        await open_document(there=True)
        ours[0].close()
        await open_document(there=False)
    ours[1].close()


# The real model


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks at what processes have mapped")
def test_windows_hold_no_torch(desk: Desk) -> None:
    with desk.window(REAL) as first, desk.window(REAL) as second:
        for client in (first, second):
            client.ready()
        [server] = [
            child
            for client in (first, second)
            for child in psutil.Process(client.process.pid).children()
            if child.status() != psutil.STATUS_ZOMBIE
        ]
        assert maps_torch(server.pid)
        assert not maps_torch(first.process.pid) and not maps_torch(second.process.pid)


def maps_torch(pid: int) -> bool:
    return "libtorch" in Path(f"/proc/{pid}/maps").read_text()
