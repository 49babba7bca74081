"""What became of items: the command of each, dgls's own notifications, and the counts of a session."""

import pytest
from lsp_client import INVALID_PARAMS, Client, inline, script, serving

from dgls.server.acceptance import KEPT, Counts, Offers
from dgls.server.messages import Refused


def run(client: Client, command: object) -> int:
    return client.request("workspace/executeCommand", command)


def test_the_command_of_an_item_is_one_that_the_server_takes(client: Client) -> None:
    client.open("file:///taken.py", script())
    [item] = client.result(client.request(*inline("file:///taken.py", 1, 0)))
    assert client.answers["capabilities"]["executeCommandProvider"]["commands"].count("dgls.accepted") == 1
    assert client.result(run(client, item["command"])) is None
    unknown = {"command": "dgls.accepted", "arguments": [{"id": 10**6}]}
    error = client.error(run(client, unknown))
    assert error == {"code": INVALID_PARAMS, "message": "1000000 is the id of no item, or of one of long ago"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "dgls.accepted takes one argument, {id}; got 0"),
        ([{}], "dgls.accepted takes {id}: Object missing required field `id`"),
        ([{"id": "1"}], "dgls.accepted takes {id}: Expected `int`, got `str` - at `$.id`"),
    ],
)
def test_wrong_arguments_are_named(client: Client, arguments: object, said: str) -> None:
    error = client.error(run(client, {"command": "dgls.accepted", "arguments": arguments}))
    assert error == {"code": INVALID_PARAMS, "message": said}


def test_notifications_are_read_and_what_is_wrong_with_one_is_logged() -> None:
    with serving() as client:
        client.ready()
        client.open("file:///told.py", script())
        [item] = client.result(client.request(*inline("file:///told.py", 1, 0)))
        known = item["data"]["id"]
        client.notify("dgls/partiallyAccepted", {"id": known, "length": 2})
        client.notify("dgls/accepted", {"id": known})
        client.notify("dgls/rejected", {"ids": [known]})
        assert client.untaken("window/showMessage") == []
        client.notify("dgls/partiallyAccepted", {"id": known})
        client.notify("dgls/accepted", {"id": 77})
        client.notify("dgls/rejected", None)
        assert client.untaken("window/showMessage") == []
        client.end()
    assert [
        line.removeprefix("a notification is ignored: ") for line in client.log.decode().splitlines()
    ] == [
        "dgls/partiallyAccepted takes {id, length}: Object missing required field `length`",
        "77 is the id of no item, or of one of long ago",
        "dgls/rejected takes {ids}: Expected `object`, got `null`",
    ]


def test_each_item_counts_once() -> None:
    offers = Offers()
    first = offers.number(2)
    offers.show([first, first + 1])
    offers.show([first])  # what is left of it, as it is typed
    assert offers.counts == Counts(shown=1)
    offers.accept_part(first)
    offers.accept_part(first)
    offers.accept(first)
    offers.accept(first)
    offers.reject([first, first + 1])
    assert offers.counts == Counts(shown=1, accepted=1, partly=1, rejected=1)
    offers.reject([first, first + 1])
    assert offers.counts.rejected == 1


def test_ids_of_long_ago_are_forgotten() -> None:
    offers = Offers()
    first = offers.number(1)
    offers.number(KEPT)
    with pytest.raises(Refused, match="long ago"):
        offers.accept(first)
