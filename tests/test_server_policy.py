"""Which documents are answered at all, and which settings hold for them, over a real server."""

import json
from pathlib import Path
from typing import Any

import pytest
from lsp_client import CAPABILITIES, REQUEST_FAILED, Client, Json, fill_span, inline, script, serving

STATUS = {"experimental": {"dgls": {"status": True}}}
LEFT_ALONE = "so dgls leaves it alone"


def merged(*parts: Json) -> Json:
    """Client capabilities of several parts."""
    whole: Json = dict(CAPABILITIES)
    for part in parts:
        whole |= {name: {**whole.get(name, {}), **value} for name, value in part.items()}
    return whole


def folders(*paths: Path) -> list[Json]:
    return [{"uri": path.as_uri(), "name": path.name} for path in paths]


def opened(client: Client, path: Path, language: str = "python", **directives: Any) -> str:
    """Open a document; the scripted model would fill any."""
    client.open(path.as_uri(), script(**directives), language)
    return path.as_uri()


def ghost_text(client: Client, uri: str) -> list[str]:
    return [item["insertText"] for item in client.result(client.request(*inline(uri, 1, 0)))]


def seed(client: Client, uri: str) -> int:
    """The seed that a request for ``uri`` has, and so the settings that hold there; opened with ``echo``."""
    result = client.result(client.request(*fill_span(uri, (1, 0), (1, 0), apply=False)))
    return int(json.loads(result["fills"][0]["edits"][0]["newText"])["seed"])


def status(client: Client, uri: str) -> tuple[str, str]:
    answer = client.result(client.request("dgls/status", {"uri": uri}))
    return answer["state"], answer["message"]


@pytest.mark.parametrize(
    "name",
    [
        *(
            ".env",
            ".env.local",
            "deploy/.ENV.production",
            "prod.env",
            "server.pem",
            "tls/private.key",
            "id_rsa",
        ),
        *(
            ".netrc",
            ".npmrc",
            ".aws/credentials",
            ".ssh/config",
            "credentials.json",
            "secrets.yaml",
            "x.tfvars",
        ),
    ],
)
def test_12_files_that_hold_secrets_are_left_alone(name: str, tmp_path: Path) -> None:
    with serving(workspaceFolders=folders(tmp_path)) as client:
        client.ready()
        uri = opened(client, tmp_path / name, "properties")
        assert ghost_text(client, uri) == []
        assert client.untaken("window/showMessage") == []
        error = client.error(client.request(*fill_span(uri, (1, 0), (1, 0))))
        reason = f"{Path(name).name} may hold secrets"
        assert error == {"code": REQUEST_FAILED, "message": f"{reason}, {LEFT_ALONE}"}
        assert client.shown() == error["message"]
        assert client.untaken("workspace/applyEdit") == []
        assert status(client, uri) == ("disabled", reason)
        everything = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}}
        actions = {"textDocument": {"uri": uri}, "range": everything, "context": {"diagnostics": []}}
        assert client.result(client.request("textDocument/codeAction", actions)) == []


@pytest.mark.parametrize(
    "name", ["main.py", ".env.example", "environment.py", "id_rsa.pub", "credentials/login.py"]
)
def test_files_that_only_sound_like_secrets_are_filled(name: str, tmp_path: Path) -> None:
    with serving(workspaceFolders=folders(tmp_path)) as client:
        client.ready()
        uri = opened(client, tmp_path / name)
        assert ghost_text(client, uri) == ["FILL"]
        assert status(client, uri) == ("ready", "")


def test_a_link_to_a_secret_is_a_secret(tmp_path: Path) -> None:
    (tmp_path / ".env").touch()
    (tmp_path / "notes.txt").symlink_to(tmp_path / ".env")
    with serving() as client:
        client.ready()
        assert ghost_text(client, opened(client, tmp_path / "notes.txt")) == []


def test_a_document_of_another_scheme_is_known_by_its_path() -> None:
    with serving() as client:
        client.ready()
        for uri in ("git:/project/.env?%7B%7D", "vscode-notebook-cell:/project/secrets.json#W0"):
            client.open(uri, script())
            assert ghost_text(client, uri) == []
        client.open("untitled:Untitled-1", script())
        assert ghost_text(client, "untitled:Untitled-1") == ["FILL"]


def test_every_source_only_adds_to_what_are_secrets(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.dgls.server]\nsecrets = ['!.env', 'b.txt', 3, '\\']\n")
    options = {"server": {"secrets": ["a.txt"]}}
    with serving(
        environment={"DGLS_SERVER_SECRETS": "c.txt, d/"},
        initializationOptions=options,
        workspaceFolders=folders(tmp_path),
    ) as client:
        client.ready()
        for name in ("a.txt", "b.txt", "c.txt", "d/e/f.txt", ".env"):
            assert ghost_text(client, opened(client, tmp_path / name)) == []
        assert ghost_text(client, opened(client, tmp_path / "e.txt")) == ["FILL"]
        shown = client.shown()
        assert "got '!.env' - at `$.tool.dgls.server.secrets[0]`" in shown
        assert "got 3 - at `$.tool.dgls.server.secrets[2]`" in shown
        assert "server.secrets has '\\\\', which is no pattern" in shown
        assert client.untaken("window/showMessage") == []


def test_what_an_ignore_file_names_is_left_alone_from_the_next_request_on(tmp_path: Path) -> None:
    ignore = tmp_path / ".dglsignore"
    ignore.write_text("private/\n*.sql\n!kept.sql\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / ".dglsignore").write_text("!back.sql\nlocal.py\n")
    with serving(workspaceFolders=folders(tmp_path)) as client:
        client.ready()
        left, kept = (
            [opened(client, tmp_path / name) for name in names.split()]
            for names in (
                "private/a.py private/deep/b.py sub/x.sql sub/local.py",
                "kept.sql sub/back.sql c.py",
            )
        )
        for uri in left:
            assert ghost_text(client, uri) == []
            assert status(client, uri) == ("disabled", f"{uri_file(uri, tmp_path)} names this file")
        for uri in kept:
            assert ghost_text(client, uri) == ["FILL"]
        ignore.write_text("c.py\n")
        assert LEFT_ALONE in client.error(client.request(*fill_span(kept[-1], (1, 0), (1, 0))))["message"]
        assert ghost_text(client, kept[-1]) == []
        assert ghost_text(client, left[0]) == ["FILL"]


def uri_file(uri: str, root: Path) -> Path:
    """The ignore file that names a document in the test above."""
    return root / "sub" / ".dglsignore" if uri.endswith("local.py") else root / ".dglsignore"


def test_an_ignore_file_that_cannot_be_read_hides_all_that_it_might(tmp_path: Path) -> None:
    (tmp_path / ".dglsignore").write_bytes(b"\xff\n")
    with serving(workspaceFolders=folders(tmp_path)) as client:
        client.ready()
        assert ghost_text(client, opened(client, tmp_path / "a.py")) == []
        assert "nothing beside or below it is filled: it is not UTF-8" in client.shown()


def test_languages_folders_and_patterns_are_switched_off(tmp_path: Path) -> None:
    options = {
        "server": {
            "disabled_languages": ["*", "!python", "!rust"],
            "disabled_folders": [str(tmp_path / "vendor"), "~/nowhere"],
            "exclude": ["/build/", "*.min.py", "!keep.min.py"],
        }
    }
    with serving(initializationOptions=options, workspaceFolders=folders(tmp_path)) as client:
        client.ready()
        cases = {
            ("a.md", "markdown"): "markdown is switched off by server.disabled_languages",
            ("vendor/a.py", "python"): f"{tmp_path / 'vendor'} is switched off by server.disabled_folders",
            ("build/a.py", "python"): "build/a.py is switched off by server.exclude",
            ("x/a.min.py", "python"): "x/a.min.py is switched off by server.exclude",
            ("x/keep.min.py", "python"): None,
            ("x/build/a.rs", "rust"): None,
        }
        for (name, language), reason in cases.items():
            uri = opened(client, tmp_path / name, language)
            assert ghost_text(client, uri) == ([] if reason else ["FILL"])
            assert status(client, uri) == (("disabled", reason) if reason else ("ready", ""))


def test_each_folder_has_its_projects_settings_as_they_are_now(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for root in (one, other / "nested"):
        root.mkdir(parents=True)
    (one / "pyproject.toml").write_text("[tool.dgls.infill]\nseed = 1\n")
    (other / "pyproject.toml").write_text("[tool.dgls.infill]\nseed = 2\n")
    (other / "nested" / "pyproject.toml").write_text("[tool.ruff]\n")
    with serving(workspaceFolders=folders(one, other, other / "nested")) as client:
        client.ready()
        first = opened(client, one / "a.py", echo=True)
        second = opened(client, other / "b.py", echo=True)
        nested = opened(client, other / "nested" / "c.py", echo=True)
        assert (seed(client, first), seed(client, second), seed(client, nested)) == (1, 2, 0)
        (one / "pyproject.toml").write_text("[tool.dgls.infill]\nseed = 'x'\ncandidates = 2\n")
        assert seed(client, first) == 0
        assert client.shown() == (
            f"infill.seed from {one / 'pyproject.toml'} is ignored: Expected `int`, got `str`, got 'x'"
            " - at `$.tool.dgls.infill.seed`"
        )
        (one / "pyproject.toml").write_text("[tool.dgls.infill]\nseed = 3\n")
        assert seed(client, first) == 3


def test_the_nearest_project_with_settings_of_dgls_holds(tmp_path: Path) -> None:
    package = tmp_path / "packages" / "a"
    package.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.dgls.infill]\nseed = 1\n")
    (tmp_path / "packages" / "pyproject.toml").write_text("[tool.dgls.infill]\nseed = 2\n")
    (package / "pyproject.toml").write_text("[project]\nname = 'a'\n")
    with serving(rootUri=tmp_path.as_uri()) as client:
        client.ready()
        assert seed(client, opened(client, package / "a.py", echo=True)) == 2


def test_a_project_never_says_what_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[tool.dgls.model]\ncheckpoint = 'evil/model'\nallow_download = true\n"
    )
    with serving(workspaceFolders=folders(tmp_path)) as client:
        client.ready()
        opened(client, tmp_path / "a.py")
        shown = client.shown()
        for path in ("model.checkpoint", "model.allow_download"):
            assert f"{path} from {tmp_path / 'pyproject.toml'} is ignored" in shown


PULL = {"workspace": {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}}}


def test_the_editors_settings_are_asked_for_by_folder_and_again_when_they_change(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for root in (one, other):
        root.mkdir()
    (one / "pyproject.toml").write_text("[tool.dgls.infill]\nseed = 9\ncandidates = 2\n")
    with serving(capabilities=merged(PULL), workspaceFolders=folders(one, other)) as client:
        registered = client.incoming("client/registerCapability")
        [registration] = registered["params"]["registrations"]
        assert registration["method"] == "workspace/didChangeConfiguration"
        assert registration["registerOptions"] == {"section": "dgls"}
        client.reply(registered, None)
        asked = client.incoming("workspace/configuration")
        scopes = [None, one.as_uri(), other.as_uri()]
        assert [(item.get("scopeUri"), item["section"]) for item in asked["params"]["items"]] == [
            (scope, "dgls") for scope in scopes
        ]
        client.reply(asked, [None, {"infill": {"seed": 4, "max_steps": None}}, {"infill": {"seed": 5}}])
        client.ready()
        first, second = (opened(client, root / "a.py", echo=True) for root in (one, other))
        assert (seed(client, first), seed(client, second)) == (4, 5)
        client.notify("workspace/didChangeConfiguration", {"settings": None})
        client.reply(client.incoming("workspace/configuration"), [None, {}, {"server": {"enabled": False}}])
        assert (seed(client, first), ghost_text(client, second)) == (9, [])


def test_an_editor_that_cannot_be_asked_says_its_settings_when_they_change(tmp_path: Path) -> None:
    with serving() as client:
        client.ready()
        uri = opened(client, tmp_path / "a.py", echo=True)
        for settings, expected in (
            ({"dgls": {"infill": {"seed": 6}}}, 6),
            ({"other": 1}, 6),
            ({"dgls": {}}, 0),
        ):
            client.notify("workspace/didChangeConfiguration", {"settings": settings})
            assert seed(client, uri) == expected
        client.notify("workspace/didChangeConfiguration", {"settings": {"dgls": {"infill": {"seed": -1}}}})
        assert "infill.seed from the editor is ignored: Expected `int` >= 0, got -1" in client.shown()


def test_the_users_own_file_holds_from_the_next_request_on_but_for_what_is_loaded(tmp_path: Path) -> None:
    own = tmp_path / "config.toml"
    own.write_text("[infill]\nseed = 1\n")
    (tmp_path / "pyproject.toml").write_text("[tool.dgls.infill]\nmax_steps = 3\n")
    with serving(environment={"SCRIPT_USER_FILE": str(own)}) as client:
        client.ready()
        uri = opened(client, tmp_path / "a.py", echo=True)
        assert seed(client, uri) == 1
        own.write_text("[infill]\nseed = 22\n[model]\ncheckpoint = 'other'\n")
        assert seed(client, uri) == 22
        assert client.shown() == f"model.checkpoint has changed in {own}; that holds when dgls starts again"
        own.write_text("[infill]\nseed = 333\n[model]\ncheckpoint = 'other'\n")
        assert seed(client, uri) == 333
        assert client.untaken("window/showMessage") == []
        assert client.result(client.request("dgls/status", {}))["model"] == "embedded"


WATCH = {
    "workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True, "relativePatternSupport": True}}
}


def test_a_client_that_watches_files_says_when_they_change(tmp_path: Path) -> None:
    ignore = tmp_path / ".dglsignore"
    with serving(capabilities=merged(WATCH, STATUS), workspaceFolders=folders(tmp_path)) as client:
        registered = client.incoming("client/registerCapability")
        [registration] = registered["params"]["registrations"]
        globs = [watcher["globPattern"] for watcher in registration["registerOptions"]["watchers"]]
        assert globs[:2] == ["**/pyproject.toml", "**/.dglsignore"] and globs[2]["pattern"] == "config.toml"
        client.reply(registered, None)
        client.ready()
        uri = opened(client, tmp_path / "a.py")
        assert ghost_text(client, uri) == ["FILL"]
        for text, state, message in (("a.py\n", "disabled", f"{ignore} names this file"), ("", "ready", "")):
            ignore.write_text(text)
            client.notify(
                "workspace/didChangeWatchedFiles", {"changes": [{"uri": ignore.as_uri(), "type": 2}]}
            )
            told = client.message(lambda message: (message.get("params") or {}).get("uri") == uri)
            assert told["method"] == "dgls/status"
            assert (told["params"]["state"], told["params"]["message"]) == (state, message)
            assert ghost_text(client, uri) == ([] if text else ["FILL"])


def test_folders_come_and_go_with_their_settings(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.dgls.server]\nexclude = ['/a.py']\n")
    with serving() as client:
        client.ready()
        uri = opened(client, tmp_path / "a.py")
        assert status(client, uri)[0] == "ready"
        for added, removed, state in ((folders(tmp_path), [], "disabled"), ([], folders(tmp_path), "ready")):
            event = {"added": added, "removed": removed}
            client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
            assert status(client, uri)[0] == state
