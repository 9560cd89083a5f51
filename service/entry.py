"""The entry point of the command `echoscribe`: imports everything with the garbage collector at rest.

Imports make half a million objects that stay; looking through them again and again was a quarter of the time until the
service was ready (LOG 2026-11-22).
"""

import gc


def main() -> None:
    """Runs the command line. What was imported is never looked through again."""
    gc.disable()
    from service.cli import main as run  # noqa: PLC0415 - the point of this file

    gc.freeze()
    gc.enable()
    run()
