"""What an editor says of settings, and when it tells that files with settings in them have changed."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.uris import from_fs_path

from dgls.layers import user_file
from dgls.surroundings import IGNORE_FILE, PROJECT_FILE

if TYPE_CHECKING:
    from dgls.server.session import Session

log = logging.getLogger(__name__)

SECTION = "dgls"


async def begin(session: "Session") -> None:
    """Ask the client for its settings, and to tell when they or files around documents change."""
    can = session.client_capabilities.workspace
    changes = can and can.did_change_configuration
    if changes and changes.dynamic_registration:
        options = lsp.DidChangeConfigurationRegistrationOptions(section=SECTION)
        await _register(session, lsp.WORKSPACE_DID_CHANGE_CONFIGURATION, options)
    await pull(session)
    watches = can and can.did_change_watched_files
    # Without relative patterns no file outside of the workspace can be watched, and the user's own file is one.
    if watches and watches.dynamic_registration and watches.relative_pattern_support:
        own = user_file()
        patterns: list[lsp.Pattern | lsp.RelativePattern] = [f"**/{PROJECT_FILE}", f"**/{IGNORE_FILE}"]
        if (folder := from_fs_path(str(own.parent))) is not None:
            patterns.append(lsp.RelativePattern(folder, own.name))
        watchers = [lsp.FileSystemWatcher(pattern) for pattern in patterns]
        session.rules.watched = await _register(
            session,
            lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES,
            lsp.DidChangeWatchedFilesRegistrationOptions(watchers),
        )
        session.look_again()  # what changed before may not have been told


async def pull(session: "Session") -> None:
    """Ask the client for its settings, for each workspace folder and for what is in none."""
    can = session.client_capabilities.workspace
    if not (can and can.configuration):
        return
    roots: list[Path | None] = [None, *session.rules.roots]
    scopes = [None if root is None else from_fs_path(str(root)) for root in roots]
    items = [lsp.ConfigurationItem(scope_uri=scope, section=SECTION) for scope in scopes]
    try:
        answers = await session.workspace_configuration_async(lsp.ConfigurationParams(items))
    except JsonRpcException as error:
        log.warning("the client does not say its settings: %s", error.message)
        return
    said = answers if isinstance(answers, list | tuple) else ()
    session.rules.take_configuration(dict(zip(roots, said, strict=False)))


def take(session: "Session", said: Any) -> None:
    """Take settings that have changed: ask for them where the client can be asked, else from what it ``said``."""
    can = session.client_capabilities.workspace
    if can and can.configuration:
        session.keep(asyncio.create_task(pull(session)))
    elif isinstance(said, Mapping) and SECTION in said:
        session.rules.take_configuration({None: said[SECTION]})


async def _register(session: "Session", method: str, options: Any) -> bool:
    """Whether the client will send notifications of ``method``."""
    registration = lsp.Registration(f"dgls:{method}", method, options)
    try:
        await session.client_register_capability_async(lsp.RegistrationParams([registration]))
    except JsonRpcException as error:
        log.warning("the client does not register %s: %s", method, error.message)
        return False
    return True
