"""Where the reference data lies; the one place that reads ECHOSCRIBE_REFERENCE."""

import os
from pathlib import Path

REFERENCE = Path(os.environ.get("ECHOSCRIBE_REFERENCE", Path(__file__).parents[1].parent / "shared"))
GOLDEN = REFERENCE / "golden"
MY_HEART = REFERENCE / "real" / "my_heart"
