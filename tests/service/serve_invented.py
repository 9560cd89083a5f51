"""A process that serves the invented pipeline: `python -m tests.service.serve_invented SECONDS_PER_STUDY`."""

import sys

from service.http.serve import serve
from service.settings import Settings
from tests.service.invented import InventedPipeline, invented_workings

if __name__ == "__main__":
    serve(Settings(), invented_workings(InventedPipeline(seconds=float(sys.argv[1]))))
