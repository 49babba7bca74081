"""Run a program that nobody has read, in a process of its own that can do little but compute.

:func:`run_program` starts this same file as a script, in isolated mode, with no environment and an empty working
directory that is removed afterwards. That child limits its own time, memory, processes and files, leaves the
network where the system lets it (a network namespace of its own), refuses sockets, further processes and writes
outside its directory by an audit hook that nothing can take back, and only then runs what stands on its standard
input. This is a fence against careless programs, such as a model writes; not a prison for hostile ones.

As the child knows no dgls, this file imports the standard library alone.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from typing import Any, Literal, NamedTuple, NoReturn, get_args

Outcome = Literal["passed", "wrong", "error", "memory", "forbidden", "timeout"]
"""``wrong``: an assertion failed; ``forbidden``: something refused ended it; ``error``: whatever else did, an early
exit too."""

FIRST_CODE = 80
"""Exit status of the first outcome. A program that ends on its own, with 0 as well, has not passed."""
CODES: dict[int, Outcome] = {FIRST_CODE + index: outcome for index, outcome in enumerate(get_args(Outcome))}

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000

REFUSED = (
    *("socket.", "subprocess.", "ctypes.", "shutil.", "resource."),
    *("os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.startfile", "pty.spawn"),
    *("os.kill", "signal.pthread_kill", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link"),
    *("os.symlink", "os.truncate", "os.chmod", "os.chown", "os.chflags", "os.utime", "os.setxattr"),
    *("os.removexattr", "os.chdir"),
)
"""How the names of refused audit events begin."""


class Limits(NamedTuple):
    """What a program may use: seconds on the clock, bytes of address space and of a file, and open files."""

    seconds: int = 5
    memory: int = 2**30
    file_size: int = 2**20
    open_files: int = 32


class SandboxError(Exception):
    """Programs cannot be run apart here."""


class Forbidden(PermissionError):
    """What the child tried is refused."""


def run_program(program: str, limits: Limits) -> Outcome:
    """Run ``program`` apart and say how it ended; whatever it starts ends with it.

    Raises :class:`SandboxError` where the system has no such limits.
    """
    if os.name != "posix":
        raise SandboxError("programs can be run apart on Linux and macOS only: limits need a POSIX system")
    command = [sys.executable, "-I", "-S", "-B", __file__, *map(str, limits)]
    with (
        tempfile.TemporaryDirectory(prefix="dgls-", ignore_cleanup_errors=True) as folder,
        subprocess.Popen(
            command,
            cwd=folder,
            env={},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as child,
    ):
        try:
            child.communicate(program.encode("utf-8", "surrogatepass"), timeout=limits.seconds)
        except subprocess.TimeoutExpired:
            return "timeout"
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
        return CODES.get(child.returncode, "error")


def _child(limits: Limits) -> NoReturn:
    """Read a program from standard input, give up all it does not need, run it, and exit with its outcome."""
    source = sys.stdin.buffer.read()
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    home = os.path.realpath(os.getcwd())  # noqa: PTH109 - pathlib would be one more thing to import in each child
    _leave_network()
    _limit(limits)
    sys.addaudithook(lambda event, arguments: _refuse(event, arguments, home))
    outcome: Outcome = "error"
    try:
        exec(compile(source, "<program>", "exec"), {"__name__": "__main__"})
        outcome = "passed"
    except MemoryError:
        outcome = "memory"
    except Forbidden:
        outcome = "forbidden"
    except AssertionError:
        outcome = "wrong"
    except BaseException:
        outcome = "error"
    os._exit(FIRST_CODE + get_args(Outcome).index(outcome))


def _leave_network() -> None:
    """Move into a network namespace without any device, where the system lets its users do that."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).unshare(CLONE_NEWUSER | CLONE_NEWNET)


def _limit(limits: Limits) -> None:
    """Set limits that cannot be raised again; one that this system does not know or heed is left out."""
    import resource

    bounds = {
        # The parent's clock ends it first; this is for a child whose parent was killed.
        resource.RLIMIT_CPU: limits.seconds + 1,
        resource.RLIMIT_AS: limits.memory,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_FSIZE: limits.file_size,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_CORE: 0,
    }
    for bounded, bound in bounds.items():
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(bounded, (bound, bound))


def _refuse(event: str, arguments: tuple[Any, ...], home: str) -> None:
    """The audit hook: raise :class:`Forbidden` for what a program under test has no need of."""
    if event.startswith(REFUSED):
        raise Forbidden(f"{event} is refused in the sandbox")
    if event == "open" and isinstance(arguments[0], str | bytes):
        path, _, flags = arguments
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        if writes and not os.path.realpath(os.fsdecode(path)).startswith(home + os.sep):
            raise Forbidden(f"writing {os.fsdecode(path)} is refused in the sandbox")


if __name__ == "__main__":
    _child(Limits(*map(int, sys.argv[1:])))
