"""Scripts that need an extra say so at once: one line on stderr, not a traceback after hours."""

import sys

from service.extras import ExtraMissing, require_extra


def stop_without(extra: str) -> None:
    """Ends the script with exit status 2 when a package of the extra is not installed."""
    try:
        require_extra(extra)
    except ExtraMissing as missing:
        print(missing, file=sys.stderr)
        sys.exit(2)
