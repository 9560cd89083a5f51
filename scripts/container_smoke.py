"""The built image, end to end: `python -m scripts.container_smoke`; the last line is JSON.

Builds the image first, quickly where its layers are cached (BASE_IMAGE in the environment names another base than
python:3.11-slim). Starts the compose service `echoscribe-host` under a project name of its own, posts the sample
study, restarts the container, and asks for the same report again, all with a key that the job `keys` made. Removes its
container and its volume at the end.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

import httpx

from scripts.sample_study import write_sample_study
from service.client import EchoScribeClient
from service.http.healthcheck import ready
from service.schemas import ReportDocument

_ROOT = Path(__file__).parents[1]
_PROJECT = "echoscribe-smoke"
_SERVICE = "echoscribe-host"
_READY_SECONDS = 240.0
_BUILD_SECONDS = 3600.0
_COMPOSE_SECONDS = 300.0


def main() -> None:
    """Runs the check; the exit status is 1 when anything is not as it should be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--image", default="echoscribe:cpu", help="image to look at; compose starts echoscribe:cpu")
    arguments = parser.parse_args()
    result: dict[str, Any] = {"image": arguments.image, "ok": False}
    try:
        result |= _checked(image=arguments.image)
    except Exception as error:  # the outermost frame: whatever a step raises, the last line is JSON that says so
        traceback.print_exc()
        result["error"] = f"{type(error).__name__}: {error}"
    print(json.dumps(result))
    sys.exit(0 if result["ok"] else 1)


def _checked(*, image: str) -> dict[str, Any]:
    """What was seen; `ok` when every check held."""
    port = _free_port()
    compose = _Compose(port)
    result: dict[str, Any] = {"image": image, "port": port}
    with tempfile.TemporaryDirectory(prefix="echoscribe-smoke-") as folder:
        files = write_sample_study(Path(folder))
        try:
            started = time.monotonic()
            compose.run("build", _SERVICE, seconds=_BUILD_SECONDS)
            result["build_seconds"] = round(time.monotonic() - started, 1)
            result |= _served(compose, files, port)
            result |= _image_facts(image)
        finally:
            compose.run("down", "--volumes", "--timeout", "30")
    checks = ("shut_without_a_key", "same_after_restart", "listed_after_restart", "stopped_cleanly", "not_root")
    result["ok"] = all(result[check] for check in checks) and result["clips_used"] > 0
    return result


def _served(compose: "_Compose", files: list[Path], port: int) -> dict[str, Any]:
    """Makes a key, starts, posts, restarts, asks again, stops."""
    key = compose.new_key()
    start_seconds = compose.start(port)
    url = f"http://127.0.0.1:{port}"
    with EchoScribeClient(url, key=key) as client:
        refused_without_key = httpx.get(f"{url}/phenotypes", trust_env=False).status_code == 401
        posted = time.monotonic()
        report = client.report(files)
        report_seconds = time.monotonic() - posted
        restarted = time.monotonic()
        compose.run("restart", "--timeout", "30", _SERVICE)
        compose.wait_ready(port)
        restart_seconds = time.monotonic() - restarted
        again = client.wait(report.study_id)
        listed = client.phenotypes().studies
    compose.run("stop", "--timeout", "30", _SERVICE)
    return {
        "start_seconds": round(start_seconds, 1),
        "report_seconds": round(report_seconds, 1),
        "restart_seconds": round(restart_seconds, 1),
        "shut_without_a_key": refused_without_key,
        "same_after_restart": again == report,
        "listed_after_restart": [study.study_id for study in listed] == [report.study_id],
        "stopped_cleanly": compose.exit_status() == 0,
        **_report_facts(report),
    }


def _report_facts(report: ReportDocument) -> dict[str, Any]:
    return {
        "clips_used": sum(clip.used for clip in report.clips),
        "clips_skipped": {str(clip.clip): clip.skipped for clip in report.clips if not clip.used},
        "sections_assessed": sum(section.assessed for section in report.sections),
        "phenotypes_known": sum(row.value is not None for row in report.phenotypes.values()),
        "device": report.provenance.get("device"),
        "device_reason": report.provenance.get("device_reason"),
    }


def _image_facts(image: str) -> dict[str, Any]:
    shown = _output("docker", "image", "inspect", image)
    facts = json.loads(shown)[0]
    return {"image_gib": round(facts["Size"] / 2**30, 2), "not_root": facts["Config"]["User"] not in {"", "0", "root"}}


class _Compose:
    """docker-compose or `docker compose` on this project's file, with this check's project name and port."""

    def __init__(self, port: int) -> None:
        command = ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]
        self._command = [*command, "--project-name", _PROJECT, "--profile", "host"]
        self._environment = {"ECHOSCRIBE_PORT": str(port)}

    def run(self, *arguments: str, seconds: float = _COMPOSE_SECONDS) -> None:
        """Runs a compose command; its output goes to stderr."""
        environment = os.environ | self._environment
        subprocess.run(
            [*self._command, *arguments], cwd=_ROOT, env=environment, timeout=seconds, check=True, stdout=sys.stderr
        )

    def new_key(self) -> str:
        """The text of a new key in this project's volume."""
        command = [*self._command, "run", "--rm", "--no-deps", "keys", "add"]
        environment = os.environ | self._environment
        made = subprocess.run(
            command, cwd=_ROOT, env=environment, timeout=_COMPOSE_SECONDS, check=True, stdout=subprocess.PIPE, text=True
        )
        return made.stdout.split()[-1]

    def start(self, port: int) -> float:
        """Seconds until the container is ready."""
        started = time.monotonic()
        self.run("up", "--detach", "--no-build", _SERVICE)
        self.wait_ready(port)
        return time.monotonic() - started

    def wait_ready(self, port: int) -> None:
        """Waits for readiness. Raises TimeoutError."""
        end = time.monotonic() + _READY_SECONDS
        while not ready("127.0.0.1", port):
            if time.monotonic() > end:
                raise TimeoutError(f"not ready within {_READY_SECONDS:g} s")
            time.sleep(0.2)

    def exit_status(self) -> int:
        """Exit status of the stopped container."""
        found = _output("docker", "ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={_PROJECT}")
        return int(_output("docker", "inspect", "--format", "{{.State.ExitCode}}", found.split()[0]))


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
