"""The page of rules names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[4]
PAGE = ROOT / "docs" / "dicom_rules.md"


def test_every_test_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text(encoding="utf-8")))
    written = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests" / "service").rglob("test_*.py"))
    assert len(named) > 40
    assert not {name for name in named if f"def {name}(" not in written}
    assert all(
        (ROOT / path).is_file() for path in re.findall(r"`(tests/[\w/]+\.py)`", PAGE.read_text(encoding="utf-8"))
    )
