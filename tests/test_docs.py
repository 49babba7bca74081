"""Documents that are printed from the code say what the code says."""

import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def test_the_settings_page_is_the_schema():
    printed = subprocess.run(
        [sys.executable, DOCS / "settings.py"], capture_output=True, text=True, check=True
    )
    assert printed.stdout == (DOCS / "settings.md").read_text(encoding="utf-8"), (
        "run: python docs/settings.py > docs/settings.md"
    )
