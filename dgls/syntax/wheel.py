"""Grammars as packages: imported so that one that is missing or damaged is told of, and ends nothing.

A library that was cut short, as by a full disk, ends the process that loads it. So where a library has another size
than was installed, the package is imported in a process of its own first.
"""

import importlib
import subprocess
import sys
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import PackageNotFoundError, PackagePath, distribution
from pathlib import Path

import tree_sitter

RAISED = 1
"""How a Python process ends that an exception ends."""


class Missing(Exception):
    """The package is not installed."""


class Damaged(Exception):
    """The package is installed, and does not give a grammar; the message says what is wrong."""


def load_grammar(package: str, module: str, function: str) -> tree_sitter.Language:
    """The grammar that ``module.function()`` of ``package`` returns; raises Missing or Damaged."""
    if _differs(package) and _ends_its_process(module):
        raise Damaged("its library is damaged, and would end the process that loads it")
    try:
        return tree_sitter.Language(getattr(importlib.import_module(module), function)())
    except ModuleNotFoundError as error:
        if error.name == module:
            raise Missing(module) from error
        raise Damaged(str(error)) from error
    except Exception as error:  # what a package may raise while it is imported, nobody can list
        raise Damaged(f"{type(error).__name__}: {error}") from error


def _differs(package: str) -> bool:
    """Whether a library of ``package`` has another size than its installation says."""
    try:
        files = distribution(package).files or ()
    except PackageNotFoundError:
        return False
    libraries = (file for file in files if file.name.endswith(tuple(EXTENSION_SUFFIXES)))
    return any(file.size is not None and _size(file) != file.size for file in libraries)


def _size(file: PackagePath) -> int:
    try:
        return Path(file.locate()).stat().st_size
    except OSError:
        return -1


@cache
def _ends_its_process(module: str) -> bool:
    """Whether importing ``module`` ends a process otherwise than by an exception. Nothing of the workspace is read."""
    trial = subprocess.run(
        [sys.executable, "-P", "-c", f"import {module}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return trial.returncode not in (0, RAISED)
