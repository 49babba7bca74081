"""``dgls/status``, pause and resume: what a user sees of how dgls does."""

from pathlib import Path

from lsp_client import CAPABILITIES, Client, Json, fill_span, inline, script, serving, wait_for

URI = "file:///project/a.py"
WANTS = {**CAPABILITIES, "experimental": {"dgls": {"status": True}}}


def told(client: Client) -> Json:
    params: Json = client.incoming("dgls/status")["params"]
    return params


def states(client: Client) -> list[str]:
    """What was told and not taken, up to now."""
    return [message["params"]["state"] for message in client.untaken("dgls/status")]


def execute(client: Client, command: str) -> None:
    assert client.result(client.request("workspace/executeCommand", {"command": command})) is None


def test_loading_is_told_as_it_goes_on_and_then_that_dgls_is_ready() -> None:
    with serving(capabilities=WANTS) as client:
        client.ready()
        assert [
            (now["state"], now["message"], now["percentage"]) for now in (told(client), told(client))
        ] == [
            ("loading", "a quarter", 25),
            ("loading", "three quarters", 75),
        ]
        ready = {"state": "ready", "message": "", "percentage": None, "uri": None, "model": "embedded"}
        assert told(client) == ready
        assert client.result(client.request("dgls/status", {})) == ready
        assert client.result(client.request("dgls/status")) == ready
        client.open(URI, "")
        assert client.result(client.request("dgls/status", {"uri": URI})) == {**ready, "uri": URI}
        assert states(client) == []


def test_a_model_that_cannot_load_is_an_error_with_its_reason() -> None:
    with serving(load={"fails": "no such checkpoint"}, capabilities=WANTS) as client:
        while (now := told(client))["state"] == "loading":
            pass
        message = "the model could not be loaded: FileNotFoundError: no such checkpoint"
        assert (now["state"], now["message"]) == ("error", message)


def test_a_model_that_nobody_uses_is_told_to_be_unloaded() -> None:
    with serving(environment={"DGLS_SERVER_UNLOAD_MINUTES": "1e-9"}, capabilities=WANTS) as client:
        while (now := told(client))["state"] != "unloaded":
            pass
        assert now["message"] == "the next request loads the model again"


def test_dgls_is_busy_while_the_model_works_for_long(tmp_path: Path) -> None:
    with serving(capabilities=WANTS) as client:
        client.ready()
        while told(client)["state"] != "ready":
            pass
        client.open(URI, script(gate=str(tmp_path)))
        fill = client.request(*fill_span(URI, (1, 0), (1, 0)))
        assert told(client)["state"] == "busy"
        wait_for(tmp_path / "begun")
        assert client.result(client.request("dgls/status", {}))["state"] == "busy"
        (tmp_path / "step1").touch()
        client.reply(client.incoming("workspace/applyEdit"), {"applied": True})
        assert client.result(fill)["applied"]
        assert told(client)["state"] == "ready"
        client.open(URI, script())
        client.result(client.request(*inline(URI, 1, 0)))
        assert states(client) == []  # too short to be seen


def test_paused_dgls_answers_what_is_asked_by_hand_alone() -> None:
    with serving(capabilities=WANTS) as client:
        client.ready()
        while told(client)["state"] != "ready":
            pass
        client.open(URI, script())
        execute(client, "dgls.pause")
        assert told(client)["state"] == "paused"
        execute(client, "dgls.pause")
        assert states(client) == []
        assert client.result(client.request(*inline(URI, 1, 0))) == []
        assert len(client.result(client.request(*inline(URI, 1, 0, invoked=True)))) == 1
        assert client.result(client.request(*fill_span(URI, (1, 0), (1, 0), apply=False)))["fills"]
        assert client.result(client.request("dgls/status", {"uri": URI}))["state"] == "paused"
        execute(client, "dgls.resume")
        assert told(client)["state"] == "ready"
        assert len(client.result(client.request(*inline(URI, 1, 0)))) == 1


def test_a_pause_ends_the_unasked_work_under_way(tmp_path: Path) -> None:
    with serving() as client:
        client.ready()
        client.open(URI, script(gate=str(tmp_path)))
        asked = client.request(*inline(URI, 1, 0))
        wait_for(tmp_path / "begun")
        execute(client, "dgls.pause")
        assert client.error(asked)["code"] == -32800


def test_a_document_that_is_left_alone_is_told_once_and_again_when_it_is_opened_again() -> None:
    uri = "file:///project/.env"
    with serving(capabilities=WANTS) as client:
        client.ready()
        while told(client)["state"] != "ready":
            pass
        for _ in range(2):
            client.open(uri, "")
            told_of = told(client)
            assert (told_of["state"], told_of["uri"]) == ("disabled", uri)
            assert told_of["message"] == ".env may hold secrets"
            client.result(client.request(*inline(uri, 0, 0)))
            assert states(client) == []
            client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})


def test_a_client_that_wants_no_status_is_told_none_but_may_ask() -> None:
    with serving() as client:
        client.ready()
        client.open("file:///project/.env", "")
        assert (
            client.result(client.request("dgls/status", {"uri": "file:///project/.env"}))["state"]
            == "disabled"
        )
        assert client.untaken("dgls/status") == []


def test_what_is_not_open_is_judged_by_its_path_and_what_is_too_large_is_disabled() -> None:
    with serving() as client:
        client.ready()
        secret = client.result(client.request("dgls/status", {"uri": "file:///project/.env"}))
        assert (secret["state"], secret["message"]) == ("disabled", ".env may hold secrets")
        assert client.result(client.request("dgls/status", {"uri": URI}))["state"] == "ready"
        client.open(URI, "x" * 2_000_001)
        answer = client.result(client.request("dgls/status", {"uri": URI}))
        assert answer["state"] == "disabled" and "is too large" in answer["message"]


def test_a_malformed_question_is_refused_with_the_reason() -> None:
    with serving() as client:
        for params in ({"uri": 3}, {"url": URI}, [URI]):
            error = client.error(client.request("dgls/status", params))
            assert error["code"] == -32602 and error["message"].startswith("dgls/status takes {uri?}")
