"""Which documents dgls answers for at all. Pure: what the disk says is handed in (``surroundings.py``).

A document that is refused is neither filled, nor context of others, nor parsed.
"""

from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path, PurePath

from pathspec import GitIgnoreSpec

from dgls.config import ServerSettings
from dgls.surroundings import Surroundings, names, read_patterns

SECRET_FILES = (
    # settings with passwords in them; what stands for such a file in a repository holds none
    *(".env", ".env.*", "*.env", ".envrc", "!.env.example", "!.env.sample", "!.env.template", "!.env.dist"),
    *(
        f"{name}.{ending}"
        for name in ("secret", "secrets", "credential", "credentials")
        for ending in (
            "json",
            "yaml",
            "yml",
            "toml",
            "ini",
            "cfg",
            "conf",
            "xml",
            "properties",
            "txt",
            "db",
            "csv",
        )
    ),
    *(
        "local.settings.json",
        "*.tfvars",
        "*.tfvars.json",
        "*.tfstate",
        "*.tfstate.*",
        ".terraformrc",
        "terraform.rc",
    ),
    # keys, and stores of keys
    *(
        "*.pem",
        "*.key",
        "*.p8",
        "*.p12",
        "*.pfx",
        "*.pkcs12",
        "*.jks",
        "*.keystore",
        "*.ppk",
        "*.asc",
        "*.gpg",
    ),
    *("*.kdb", "*.kdbx", "*.agekey", "*.ovpn", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_*_sk"),
    # what programs keep to log in
    *(
        "credentials",
        ".credentials",
        ".secrets",
        ".git-credentials",
        ".netrc",
        "_netrc",
        ".authinfo",
        ".npmrc",
    ),
    *(
        ".pypirc",
        ".htpasswd",
        ".pgpass",
        "pgpass.conf",
        ".my.cnf",
        "mylogin.cnf",
        ".dockercfg",
        ".dockerconfigjson",
    ),
    *("kubeconfig", "*.kubeconfig", ".s3cfg", ".boto", "auth.json", ".vault-token", ".vault_pass*"),
    *("service-account*.json", "service_account*.json", "client_secret*.json", ".*_history"),
)
"""Patterns, as in ``.gitignore`` and of any case, of the names of files that are taken to hold secrets."""

SECRET_PLACES = (
    *(".ssh/", ".gnupg/", ".password-store/", ".aws/", ".azure/", ".kube/", "**/.docker/config.json"),
    *("**/.config/gh/hosts.yml", "**/.config/gcloud/"),
)
"""Such patterns of paths."""


def refusal(around: Surroundings, language: str, server: ServerSettings) -> str | None:
    """Why nothing is done with a document, for its user; None where dgls answers for it.

    ``language`` is its LSP language id. A link counts as what it leads to, too.
    """
    paths = dict.fromkeys((around.path, around.real_path))
    for path in paths:
        if _names(SECRET_FILES, path.name.lower()) or _names(SECRET_PLACES, _plain(path)):
            return f"{path.name} may hold secrets"
        if server.secrets and _names(server.secrets, _plain(path)):
            return f"{path.name} holds secrets, says server.secrets"
    if around.ignored_by:
        return f"{around.ignored_by} names this file"
    if not server.enabled:
        return "dgls is switched off here by server.enabled"
    if _switched_off(language, server.disabled_languages):
        return f"{language} is switched off by server.disabled_languages"
    for path in paths:
        for folder in server.disabled_folders:
            if path.is_relative_to(Path(folder).expanduser()):
                return f"{folder} is switched off by server.disabled_folders"
    relative = _relative(around.path, around.root)
    if server.exclude and relative and names(_patterns(server.exclude)[0], relative):
        return f"{relative} is switched off by server.exclude"
    return None


def prepare() -> None:
    """Read the patterns of secrets, which takes a while the first time: :func:`refusal` need not then."""
    for patterns in (SECRET_FILES, SECRET_PLACES):
        _small(patterns)


def wrong_patterns(server: ServerSettings) -> list[str]:
    """One message per pattern of the settings that cannot be read, and so says nothing."""
    return [
        f"server.{name} has {pattern!r}, which is no pattern of an ignore file; it is left out"
        for name, patterns in (("exclude", server.exclude), ("secrets", server.secrets))
        for pattern in _patterns(patterns)[1]
    ]


def _switched_off(language: str, listed: tuple[str, ...]) -> bool:
    """Whether a list of languages names ``language``; what comes later has the last word."""
    off = False
    for entry in listed:
        if fnmatchcase(language, entry.removeprefix("!")):
            off = not entry.startswith("!")
    return off


def _names(patterns: tuple[str, ...], plain: str) -> bool:
    return bool(names(_small(patterns), plain))


def _small(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    return _patterns(tuple(pattern.lower() for pattern in patterns))[0]


def _plain(path: PurePath) -> str:
    """A path as the patterns of secrets see it: in small letters, from the root on."""
    return path.as_posix().lower().lstrip("/")


def _relative(path: Path, root: Path | None) -> str:
    if root is not None and path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    return path.as_posix().lstrip("/")


@lru_cache(maxsize=64)
def _patterns(patterns: tuple[str, ...]) -> tuple[GitIgnoreSpec, list[str]]:
    return read_patterns(list(patterns))
