"""From the first message to the end of the process, over a real subprocess.

A gate that nobody opens stands for a load or a step that takes for ever: a server that waited for it would never end.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lsp_client import (
    CAPABILITIES,
    Client,
    Json,
    connected,
    fill_span,
    inline,
    script,
    serving,
    wait_for,
)

URI = "file:///project/a.py"


def test_initialize_is_answered_while_the_model_cannot_load(tmp_path: Path) -> None:
    with serving(load={"gate": str(tmp_path)}) as client:
        assert client.answers == {
            "capabilities": {
                "positionEncoding": "utf-16",
                "textDocumentSync": {"openClose": True, "change": 2, "save": False},
                "executeCommandProvider": {
                    "commands": [
                        "dgls.fill",
                        "dgls.fillHoles",
                        "dgls.repair",
                        "dgls.redenoise",
                        "dgls.rewrite",
                        "dgls.accepted",
                        "dgls.pause",
                        "dgls.resume",
                    ],
                    "workDoneProgress": True,
                },
                "codeActionProvider": {
                    "codeActionKinds": ["quickfix", "refactor.rewrite"],
                    "resolveProvider": True,
                },
                "inlineCompletionProvider": {},  # pygls leaves it out where a feature has no options
                "workspace": {
                    "workspaceFolders": {"supported": True, "changeNotifications": True},
                    "fileOperations": {},
                },
            },
            "serverInfo": {"name": "dgls", "version": "0.1.0"},
        }


def test_importing_the_server_and_the_commands_imports_no_torch() -> None:
    code = "import sys, dgls.cli, dgls.server, dgls.server.features; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    ("offered", "chosen", "behind"),
    [
        (["utf-8", "utf-16"], "utf-8", 6),
        (["utf-16", "utf-8"], "utf-16", 3),
        (["ebcdic", "utf-32"], "utf-32", 2),
        (None, "utf-16", 3),
    ],
)
def test_the_first_known_position_encoding_is_taken(offered: Any, chosen: str, behind: int) -> None:
    with serving(capabilities={**CAPABILITIES, "general": {"positionEncodings": offered}}) as client:
        assert client.answers["capabilities"]["positionEncoding"] == chosen
        client.ready()
        client.open(URI, "é😀")
        [item] = client.result(client.request(*inline(URI, 0, behind, invoked=True)))
        assert item["range"]["start"] == item["range"]["end"] == {"line": 0, "character": behind}


def test_each_malformed_message_gets_one_error_and_the_server_lives() -> None:
    with connected() as client:
        early = client.call(*inline(URI, 0, 0))
        client.send(early)
        assert client.error(early["id"])["code"] == -32002
        client.initialize()
        again = client.request("initialize", {"processId": None, "capabilities": {}, "rootUri": None})
        assert client.error(again) == {"code": -32600, "message": "initialize may be sent only once"}
        unknown = client.request("textDocument/unheard", {})
        assert client.error(unknown)["code"] == -32601
        for body in (
            b"{",
            b"[]",
            b'"x"',
            b"\xff",
            b"[" * 100_000,
            b'{"id": 1}',
            b'{"jsonrpc":"2.0","id":1.5}',
        ):
            client.send(body)
            assert client.message(lambda message: message.get("id", 0) is None)["error"]["code"] in (
                -32700,
                -32600,
            )
        for params, reason in (
            ({"textDocument": {"uri": URI}}, "required field missing @ $.params.position"),
            ({**inline(URI, 0, 0)[1], "position": {"line": "x", "character": 0}}, "params.position.line"),
            ({**inline(URI, 0, 0)[1], "position": {"line": -1, "character": 0}}, "params.position"),
            (None, "params"),
        ):
            error = client.error(client.request("textDocument/inlineCompletion", params))
            assert error["code"] == -32602 and reason in error["message"]
        client.notify("textDocument/didChange", {"what": "is this"})
        client.notify("$/unheard", None)
        half = client.error(client.request("dgls/status", "\ud800"))
        assert half["code"] == -32602 and "dgls/status takes {uri?}" in half["message"]
        for method, name in (("window/workDoneProgress/cancel", "token"), ("$/cancelRequest", "id")):
            client.notify(method, {name: []})
        client.notify(
            "workspace/didChangeConfiguration", {"settings": {"dgls": {"infill": {"seed": "\ud800"}}}}
        )
        assert "infill.seed from the editor is ignored" in client.shown()
        client.send({"id": "never-asked", "result": 1}, {"id": None, "result": 1}, {"id": [1], "result": 1})
        client.ready()
        client.end()
        assert b"failed" not in client.log


def test_messages_may_come_in_pieces_and_with_other_headers() -> None:
    with connected() as client:
        params = {"processId": None, "rootUri": None, "capabilities": {}}
        body = json.dumps({"jsonrpc": "2.0", "id": 7, "method": "initialize", "params": params}).encode()
        stdin = client.process.stdin
        assert stdin is not None
        header = (
            b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length: %d\r\n\r\n"
            % len(body)
        )
        for piece in (header[:10], header[10:], body[:20], body[20:]):
            stdin.write(piece)
            stdin.flush()
        assert client.result(7)["serverInfo"]["name"] == "dgls"


def test_what_is_no_message_ends_the_server_with_a_word() -> None:
    with connected() as client:
        stdin = client.process.stdin
        assert stdin is not None
        stdin.write(b"GET / HTTP/1.1\r\n\r\n")
        stdin.flush()
        assert client.ended() == 1
        assert b"not the Language Server Protocol: a message without Content-Length" in client.log


def test_shutdown_waits_for_no_job_and_exit_ends_the_process(tmp_path: Path) -> None:
    with serving() as client:
        client.ready()
        client.open(URI, script(gate=str(tmp_path)))
        stuck = client.request(*fill_span(URI, (1, 0), (1, 0)))
        wait_for(tmp_path / "begun")
        assert client.result(client.request("shutdown")) is None
        assert client.error(stuck)["code"] == -32800
        assert client.error(client.request(*inline(URI, 0, 0))) == {
            "code": -32600,
            "message": "the server is shutting down",
        }
        client.notify("exit", None)
        assert client.ended() == 0


def test_exit_without_shutdown_is_an_error() -> None:
    with serving() as client:
        client.notify("exit", None)
        assert client.ended() == 1


def test_the_end_of_stdin_ends_the_server_in_the_middle_of_a_load(tmp_path: Path) -> None:
    with serving(load={"gate": str(tmp_path)}) as client:
        client.catch_up()
        assert client.process.stdin is not None
        client.process.stdin.close()
        assert client.ended() == 1


def test_the_end_of_stdin_ends_the_server_in_the_middle_of_a_step(tmp_path: Path) -> None:
    with serving() as client:
        client.ready()
        client.open(URI, script(gate=str(tmp_path)))
        client.request(*fill_span(URI, (1, 0), (1, 0)))
        wait_for(tmp_path / "begun")
        assert client.process.stdin is not None
        client.process.stdin.close()
        assert client.ended() == 1


def test_what_was_asked_before_the_end_of_stdin_is_answered() -> None:
    with connected() as client:
        initialize = client.call("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
        shutdown = client.call("shutdown")
        client.send(initialize, shutdown, {"method": "exit"})
        assert client.process.stdin is not None
        client.process.stdin.close()
        assert client.result(initialize["id"])["serverInfo"]["name"] == "dgls"
        assert client.result(shutdown["id"]) is None
        assert client.ended() == 0


def test_the_death_of_the_clients_process_ends_the_server() -> None:
    with (
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as editor,
        serving(processId=editor.pid) as client,
    ):
        client.catch_up()
        editor.kill()  # not reaped: a zombie is dead too
        assert client.ended() == 1


def test_a_process_that_cannot_be_seen_is_not_watched() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    with serving(processId=gone.pid) as client:
        client.ready()


def test_a_library_that_prints_and_reads_corrupts_nothing() -> None:
    with serving(load={"prints": "loading..."}) as client:
        client.ready()
        client.open(URI, script(prints="progress 100%"))
        assert [item["insertText"] for item in client.result(client.request(*inline(URI, 1, 0)))] == ["FILL"]
        client.end()
        assert client.log.count(b"loading...") == 2 and client.log.count(b"progress 100%") == 2


def test_no_document_text_is_logged_at_any_level(tmp_path: Path) -> None:
    secret = "hunter2"
    with serving(environment={"DGLS_SERVER_LOG_LEVEL": "debug"}) as client:
        client.ready()
        client.open(URI, script(fails=secret) + secret)
        client.result(client.request(*inline(URI, 1, 0)))
        client.error(client.request(*fill_span(URI, (1, 0), (1, 2))))
        client.change(URI, 2, {"text": script(fills=[secret]) + secret})
        client.result(client.request(*inline(URI, 1, 0)))
        client.notify("textDocument/didChange", {"textDocument": secret, "contentChanges": secret})
        client.error(client.request("textDocument/inlineCompletion", {"position": secret}))
        client.error(client.request("workspace/executeCommand", {"command": secret, "arguments": [secret]}))
        client.send(b"{" + secret.encode())
        client.end()
        assert b"RuntimeError" in client.log and secret.encode() not in client.log


def progress_values(client: Client) -> list[Json]:
    values = []
    while not values or values[-1]["kind"] != "end":
        values.append(client.incoming("$/progress")["params"]["value"])
    return values


WITH_PROGRESS = {**CAPABILITIES, "window": {"workDoneProgress": True}}


def test_loading_shows_progress() -> None:
    with serving(capabilities=WITH_PROGRESS) as client:
        create = client.incoming("window/workDoneProgress/create")
        client.reply(create, None)
        begin, *reports, end = progress_values(client)
        assert begin["kind"] == "begin" and begin["title"] == "dgls" and begin["percentage"] == 0
        assert [(report["message"], report["percentage"]) for report in reports] == [
            ("a quarter", 25), ("three quarters", 75),
        ]  # fmt: skip
        assert end == {"kind": "end", "message": "ready"}


def test_a_client_that_wants_no_progress_gets_its_fills_all_the_same() -> None:
    with serving(capabilities=WITH_PROGRESS) as client:
        create = client.incoming("window/workDoneProgress/create")
        client.send({"id": create["id"], "error": {"code": -32601, "message": "no"}})
        client.ready()
        assert client.untaken("$/progress") == []
    with serving() as client:
        client.ready()
        assert client.untaken("window/workDoneProgress/create") == []


def test_a_fill_asked_while_the_model_loads_waits_and_ghost_text_does_not(tmp_path: Path) -> None:
    with serving(load={"gate": str(tmp_path)}) as client:
        client.open(URI, "")
        command = client.request(*fill_span(URI, (0, 0), (0, 0)))
        assert client.result(client.request(*inline(URI, 0, 0))) == []
        (tmp_path / "load").touch()
        client.reply(client.incoming("workspace/applyEdit"), {"applied": True})
        assert client.result(command)["applied"]


def test_a_model_that_cannot_load_is_said_once_and_commands_say_why() -> None:
    with serving(load={"fails": "no such checkpoint"}, capabilities=WITH_PROGRESS) as client:
        client.reply(client.incoming("window/workDoneProgress/create"), None)
        assert progress_values(client)[-1]["message"] == "the model could not be loaded"
        message = client.shown()
        assert message == "the model could not be loaded: FileNotFoundError: no such checkpoint"
        client.open(URI, "")
        for _ in range(2):
            assert client.result(client.request(*inline(URI, 0, 0))) == []
            error = client.error(client.request(*fill_span(URI, (0, 0), (0, 0))))
            assert error == {"code": -32803, "message": message}
        assert client.untaken("window/showMessage") == []


def test_the_editors_settings_count_and_what_is_wrong_in_them_is_said_once() -> None:
    options = {
        "infill": {"seed": 7, "candidates": 0, "colour": "red"},
        "model": {"checkpoint": "evil/model"},
        "colours": {},
    }
    with serving(initializationOptions=options) as client:
        shown = client.shown()
        for problem in ("infill.candidates", "infill.colour", "model.checkpoint", "colours"):
            assert f"{problem} from the editor" in shown
        assert client.incoming("window/logMessage")["params"]["message"] == shown
        client.ready()
        client.open(URI, script(echo=True))
        [item] = client.result(client.request(*inline(URI, 1, 0)))
        assert '"seed": 7' in item["insertText"]
        assert client.untaken("window/showMessage") == []


def test_initialization_options_that_are_no_object_are_said() -> None:
    with serving(initializationOptions=["infill"]) as client:
        assert "initializationOptions" in client.shown()


def test_the_environment_is_stronger_than_the_editor() -> None:
    with serving(
        environment={"DGLS_INFILL_SEED": "3"}, initializationOptions={"infill": {"seed": 7}}
    ) as client:
        client.ready()
        client.open(URI, script(echo=True))
        [item] = client.result(client.request(*inline(URI, 1, 0)))
        assert '"seed": 3' in item["insertText"]
