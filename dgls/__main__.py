"""`python -m dgls` is `dgls`."""

from dgls.cli import main

main(prog_name="dgls")
