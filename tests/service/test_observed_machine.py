"""Every metric that the dashboard and the alerts name is there, and the runbook has a section for each alert."""

import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client import generate_latest

from service.telemetry import Metrics
from tests.service.conftest import Serve

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "docs" / "operations" / "alerts.yaml"
DASHBOARD = ROOT / "docs" / "operations" / "dashboard.json"
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
FILES = [("files", ("a", b"clip")), ("files", ("b", b"still"))]
_SUFFIXES = re.compile(r"_(?:total|bucket|sum|count|created|info)$")


def families(text: str) -> set[str]:
    return {_SUFFIXES.sub("", name) for name in re.findall(r"^# TYPE (\w+)", text, re.MULTILINE)}


def used(text: str) -> set[str]:
    return {_SUFFIXES.sub("", name) for name in re.findall(r"\bechoscribe_\w+", text)}


def rules() -> list[dict[str, object]]:
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_what_runs_is_told(serve: Serve) -> None:
    with serve() as client:
        client.post("/report", files=FILES)
        text = client.get("/metrics").text
    for line in (
        'echoscribe_bank_check{state="ok"} 1.0',
        'echoscribe_disk_free_bytes{of="store"}',
        'echoscribe_disk_free_bytes{of="uploads"}',
        "echoscribe_store_bytes",
        'bundle="invented"',
        "echoscribe_process_resident_bytes",
        "echoscribe_process_open_descriptors",
        "echoscribe_used_clips_total 1.0",
        "echoscribe_unfamiliar_clips_total 0.0",
        "echoscribe_artifact_changes_total 0.0",
    ):
        assert line in text, line


def test_two_apps_share_the_decoders_and_nothing_else() -> None:
    first, second = Metrics(), Metrics()
    first.used_clips.inc()
    assert b"echoscribe_used_clips_total 1.0" in generate_latest(first.registry)
    assert b"echoscribe_used_clips_total 0.0" in generate_latest(second.registry)


@pytest.mark.parametrize("path", [ALERTS, DASHBOARD], ids=lambda path: path.name)
def test_only_metrics_that_there_are_are_named(path: Path, serve: Serve) -> None:
    with serve() as client:
        there = families(client.get("/metrics").text)
    named = used(path.read_text(encoding="utf-8"))
    assert named
    assert named <= there


def test_every_alert_has_its_section_in_the_runbook() -> None:
    names = [str(rule["alert"]) for rule in rules()]
    assert len(names) == len(set(names)) >= 10
    assert re.findall(r"^### (\w+)$", RUNBOOK, re.MULTILINE) == names
    for rule in rules():
        annotations = rule["annotations"]
        assert isinstance(annotations, dict)
        assert annotations["runbook"] == f"docs/runbook.md#{str(rule['alert']).lower()}"


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    assert {"title", "panels", "schemaVersion", "templating", "time"} <= board.keys()
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(numbers) == len(set(numbers))
    assert all(panel["targets"][0]["expr"] for panel in board["panels"])
