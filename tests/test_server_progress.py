"""Progress of commands, their cancel button, and the trace, over a real subprocess with a scripted model."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lsp_client import CAPABILITIES, REQUEST_CANCELLED, Client, Json, fill_span, script, serving, wait_for

BARS: Json = {**CAPABILITIES, "window": {"workDoneProgress": True}}
URI = "file:///project/a.py"
SECRET = "swordfish"


@pytest.fixture
def client() -> Iterator[Client]:
    with serving() as client:
        client.ready()
        yield client


def fill(client: Client, token: str | int | None = None) -> int:
    method, params = fill_span(URI, (1, 0), (1, 1))
    return client.request(method, params if token is None else {**params, "workDoneToken": token})


def progress(client: Client, token: str | int) -> Json:
    message = client.message(
        lambda message: message.get("method") == "$/progress" and message["params"]["token"] == token
    )
    value: Json = message["params"]["value"]
    return value


def accept(client: Client) -> None:
    client.reply(client.incoming("workspace/applyEdit"), {"applied": True})


@pytest.mark.parametrize("token", [7, "mine"])
def test_a_client_with_a_token_sees_begin_every_step_and_end(client: Client, token: str | int) -> None:
    client.open(URI, script(steps=2) + "x")
    request = fill(client, token)
    accept(client)
    assert client.result(request)["applied"]
    assert progress(client, token) == {
        "kind": "begin",
        "title": "dgls: fill",
        "cancellable": True,
        "message": "waiting for the model",
    }
    reports = [progress(client, token) for _ in range(2)]
    assert [report["message"] for report in reports] == ["denoising, step 1", "denoising, step 2"]
    assert progress(client, token) == {"kind": "end"}


def test_the_cancel_button_stops_the_work_within_a_step_and_nothing_changes(
    client: Client, tmp_path: Path
) -> None:
    client.open(URI, script(steps=9, gate=str(tmp_path)) + "x")
    request = fill(client, "mine")
    wait_for(tmp_path / "begun")
    client.notify("window/workDoneProgress/cancel", {"token": "mine"})
    assert client.error(request)["code"] == REQUEST_CANCELLED
    (tmp_path / "step1").touch()
    wait_for(tmp_path / "closed")
    kinds = [message["params"]["value"]["kind"] for message in client.untaken("$/progress")]
    assert (kinds[0], kinds[-1]) == ("begin", "end")
    assert client.untaken("workspace/applyEdit") == []
    client.notify("window/workDoneProgress/cancel", {"token": "mine"})  # too late: of no consequence
    client.open(URI, script() + "x")
    again = fill(client, "mine")
    accept(client)
    assert client.result(again)["applied"], "the token may be used again"


def test_without_a_token_the_server_makes_one_for_work_that_takes_a_while(tmp_path: Path) -> None:
    with serving(capabilities=BARS) as client:
        client.reply(client.incoming("window/workDoneProgress/create"), None)  # of loading
        client.ready()
        client.open(URI, script(steps=2, gate=str(tmp_path)) + "x")
        request = fill(client)
        create = client.incoming("window/workDoneProgress/create")
        client.reply(create, None)
        token = create["params"]["token"]
        assert progress(client, token)["kind"] == "begin"
        (tmp_path / "step1").touch()
        assert progress(client, token)["message"] == "denoising, step 1"
        client.notify("window/workDoneProgress/cancel", {"token": token})
        assert client.error(request)["code"] == REQUEST_CANCELLED
        assert progress(client, token) == {"kind": "end"}
        (tmp_path / "step2").touch()


def test_a_client_that_refuses_a_bar_has_its_command_none_the_less(tmp_path: Path) -> None:
    with serving(capabilities=BARS) as client:
        client.reply(client.incoming("window/workDoneProgress/create"), None)
        client.ready()
        client.open(URI, script(gate=str(tmp_path)) + "x")
        request = fill(client)
        create = client.incoming("window/workDoneProgress/create")
        client.send({"id": create["id"], "error": {"code": -32601, "message": "no bars"}})
        (tmp_path / "step1").touch()
        accept(client)
        assert client.result(request)["applied"]
        bars = {message["params"]["token"] for message in client.untaken("$/progress")}
        assert create["params"]["token"] not in bars


@pytest.mark.parametrize("value", ["messages", "verbose"])
def test_a_trace_names_what_passes_and_quotes_nothing(client: Client, value: str) -> None:
    client.notify("$/setTrace", {"value": value})
    client.open(URI, script(fills=[SECRET]) + SECRET)
    request = fill(client)
    accept(client)
    assert client.result(request)["applied"]
    client.notify("$/setTrace", {"value": "off"})
    lines = [message["params"] for message in client.untaken("$/logTrace")]
    said = [line["message"] for line in lines]
    assert said[0] == "received notification textDocument/didOpen"
    assert f"received request workspace/executeCommand ({request})" in said
    assert any(line.startswith("sent request workspace/applyEdit (") for line in said)
    assert "1 fills after 1 decoder passes" in said
    [answered] = [line for line in said if line.startswith("answered workspace/executeCommand")]
    assert f"({request}) in " in answered and answered.endswith(" ms")
    assert any("verbose" in line for line in lines) == (value == "verbose")
    assert SECRET not in str(lines)
    client.open(URI, "x")
    assert client.untaken("$/logTrace") == [], "off ends it"


def test_a_trace_may_begin_with_the_session() -> None:
    with serving(trace="messages") as client:
        client.ready()
        assert client.incoming("$/logTrace")["params"]["message"].startswith("answered ")
