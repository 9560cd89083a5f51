"""A study with a real cine becomes a report over HTTP: `python -m scripts.demo`.

Starts the service on a free loopback port, posts the sample study, prints the report and the phenotypes that the
service lists afterwards, and stops it.
"""

import tempfile
from pathlib import Path

from scripts.local_service import local_service
from scripts.sample_study import write_sample_study
from service.client import EchoScribeClient
from service.schemas import StudyPhenotypes


def main() -> None:
    """Runs the demonstration."""
    with tempfile.TemporaryDirectory(prefix="echoscribe-demo-") as name:
        folder = Path(name)
        files = write_sample_study(folder)
        with local_service(folder) as service, EchoScribeClient(service.url) as client:
            ready = service.wait_for("warmed_up")
            seconds = ready["load_seconds"] + ready["warm_up_seconds"]
            print(f"The service is ready at {service.url} after {seconds:.1f} s.")
            print(f"POST /report with {len(files)} files\n")
            print(client.report_text(files))
            print("GET /phenotypes\n")
            for study in client.phenotypes().studies:
                print(_line(study))
        print("\nThe service has stopped; its store and the study are deleted.")


def _line(study: StudyPhenotypes) -> str:
    """One line per study of the list."""
    known = {name: row for name, row in study.phenotypes.items() if row.value is not None}
    shown = ", ".join(f"{name} {row.value:.3g}{row.unit or ''}" for name, row in list(known.items())[:4])
    return f"{study.study_id}: {len(known)} of {len(study.phenotypes)} known: {shown} …"


if __name__ == "__main__":
    main()
