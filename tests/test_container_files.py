"""What the container files promise: a classic builder suffices, nobody is root, draining fits into the stop period."""

import re
from pathlib import Path

import yaml

from service.settings import Settings
from tests.service.cli.command_tree import named

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8")


def test_a_classic_builder_can_build_on_any_base_and_without_root() -> None:
    assert "--mount" not in DOCKERFILE
    assert "<<" not in DOCKERFILE
    assert "ARG BASE_IMAGE=python:3.11-slim" in DOCKERFILE
    assert "ARG FAISS=gpu" in DOCKERFILE
    final = DOCKERFILE.rsplit("FROM ", 1)[1]
    assert re.search(r"^USER (?!root)", final, re.MULTILINE)
    assert "service.http.healthcheck" in final
    assert "constraints.txt" in DOCKERFILE


def test_the_image_holds_the_wheel_and_nothing_of_the_laboratory() -> None:
    assert "PYTHONPATH" not in DOCKERFILE
    assert "scripts" not in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    assert "!scripts" not in IGNORED.splitlines()


def test_everything_that_is_copied_goes_to_the_builder() -> None:
    sent = set(re.findall(r"^!(\S+)$", IGNORED, re.MULTILINE))
    copied = {
        name for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE) for name in line.split()[:-1]
    }
    assert copied == sent
    assert all((ROOT / name).exists() for name in sent)


def test_settings_in_the_container_files_exist() -> None:
    known = {f"ECHOSCRIBE_{name.upper()}" for name in Settings.model_fields} | {"ECHOSCRIBE_TMP_SIZE"}
    assert set(re.findall(r"ECHOSCRIBE_[A-Z_]+", DOCKERFILE + COMPOSE)) <= known


def test_a_container_is_stopped_later_than_its_service_has_drained() -> None:
    grace = re.search(r"stop_grace_period: (\d+)s", COMPOSE)
    assert grace
    assert int(grace[1]) > Settings.model_fields["drain_seconds"].default + 10


def test_each_way_to_start_is_a_service_and_only_the_first_reserves_a_gpu() -> None:
    services = re.findall(r"^  (echoscribe[\w-]*):\n((?:    .*\n|\n)+)", COMPOSE, re.MULTILINE)
    assert [name for name, _ in services] == ["echoscribe", "echoscribe-cpu", "echoscribe-host", "echoscribe-site"]
    assert ["nvidia" in text for _, text in services] == [True, False, False, False]
    assert ["profiles" in text for _, text in services] == [False, True, True, True]
    assert "network_mode: host" in services[2][1]


def test_keys_are_made_where_the_services_look_for_them() -> None:
    services = yaml.safe_load(COMPOSE)["services"]
    keys = services["keys"]
    assert keys["entrypoint"] == ["echoscribe", "keys"]
    assert {"add", "list", "revoke"} <= set(named(["keys"])[0].commands)
    assert (keys["network_mode"], keys["read_only"]) == ("none", True)
    serving = [fields for name, fields in services.items() if name.startswith("echoscribe")]
    assert len(serving) == 4
    assert all(keys["volumes"][0] in fields["volumes"] for fields in serving)
    assert all("ECHOSCRIBE_ALLOWED_HOSTS" in fields["environment"] for fields in serving)


def test_each_job_is_a_command_that_reaches_no_network_and_is_not_root() -> None:
    services = yaml.safe_load(COMPOSE)["services"]
    jobs = {name: fields for name, fields in services.items() if "jobs" in fields.get("profiles", ())}
    told = re.findall(r"docker compose run --rm (\S+)", (ROOT / "docs/container_jobs.md").read_text(encoding="utf-8"))
    assert jobs.keys() == set(told) - {"keys"}
    for fields in jobs.values():
        program, *words = fields["entrypoint"]
        command, rest = named(words)
        assert (program, rest) == ("echoscribe", [])
        assert not hasattr(command, "commands"), words
        assert fields["network_mode"] == "none"
        assert fields["read_only"]
        assert not fields["user"].startswith("${JOB_USER:-0")
        assert fields["image"] == "echoscribe:cpu"
