"""Sources that no corpus ever holds, so that the demo, the tests and the benchmarks can use them, for good."""

STANDARD_LIBRARY = frozenset(
    {
        "argparse",
        "ast",
        "bisect",
        "calendar",
        "collections",
        "configparser",
        "csv",
        "dataclasses",
        "difflib",
        "fractions",
        "heapq",
        "json",
        "logging",
        "shlex",
        "statistics",
        "string",
        "tarfile",
        "textwrap",
        "tokenize",
        "typing",
        "zipfile",
        "asyncio.locks",
        "asyncio.queues",
        "email.message",
        "http.server",
        "unittest.mock",
    }
)
"""Modules and packages of the standard library, by dotted name; a package stands for all that is in it."""

PACKAGES = frozenset({"dgls"})
"""Distributions by name; dgls is this project's own source."""


def is_excluded_module(dotted_name: str) -> bool:
    """Whether a standard-library module, or a package that it is in, is excluded."""
    parts = dotted_name.split(".")
    return any(".".join(parts[:count]) in STANDARD_LIBRARY for count in range(1, len(parts) + 1))
