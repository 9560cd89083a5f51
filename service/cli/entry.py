"""The entry point of the command `echoscribe`: what must be settled before anything is imported.

Imports make half a million objects that stay; looking through them again and again was a quarter of the time until the
service was ready. And OpenMP reads once, when torch brings it, how its threads wait for work: by itself it lets them
spin, and here several threads that prepare clips each have such a team, which spun away half of all CPU time of a
study (LOG 2026-11-22 both).
"""

import gc
import os


def main() -> None:
    """Runs the command line. What was imported is never looked through again."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    gc.disable()
    from service.cli.commands import main as run

    gc.freeze()
    gc.enable()
    run()


if __name__ == "__main__":
    main()  # torchrun -m service.cli.entry
