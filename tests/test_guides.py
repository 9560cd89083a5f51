"""The guides of docs/ cannot lie about commands: scripts, their options, and compose services are what is there."""

import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
GUIDES = [ROOT / "docs" / name for name in ("train_on_your_data.md", "container_jobs.md")]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]


def commands(guide: Path) -> Iterator[list[str]]:
    """The words of every line in the guide's shell blocks, redirections and all."""
    for block in re.findall(r"^```sh\n(.*?)^```", guide.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        yield from (shlex.split(line, comments=True) for line in block.splitlines() if line.strip())


def script_of(words: list[str]) -> tuple[str, list[str]] | None:
    """The module that a command runs and its arguments, None where it runs none of ours."""
    for place, word in enumerate(words):
        if word.startswith("scripts.") and words[place - 1] == "-m":
            return word, words[place + 1 :]
    if "run" in words and "--rm" in words and "compose" in words:
        name = words[words.index("--rm") + 1]
        return SERVICES[name]["entrypoint"][-1], words[words.index("--rm") + 2 :]
    return None


RUNS = [(guide.name, *found) for guide in GUIDES for words in commands(guide) if (found := script_of(words))]


def test_guides_run_scripts() -> None:
    assert {guide for guide, *_ in RUNS} == {guide.name for guide in GUIDES}
    assert len(RUNS) > 10


@pytest.mark.parametrize(("guide", "module", "words"), RUNS, ids=[f"{g} {m} {n}" for n, (g, m, _) in enumerate(RUNS)])
def test_scripts_and_their_options_exist(guide: str, module: str, words: list[str]) -> None:
    imported = importlib.import_module(module)
    source = Path(str(imported.__file__)).read_text(encoding="utf-8")
    options = {word for word in words if word.startswith("--")} - {"--help"}
    assert [option for option in options if f'"{option}"' not in source] == [], guide
    if hasattr(imported, "arguments_of") and "--help" not in words:
        imported.arguments_of(words)  # exits, and so fails, where they do not fit together


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_files_and_services_that_are_named_exist(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    for path in re.findall(r"`((?:scripts|model|service|index|docs)/[\w/]+\.\w+)`", text):
        assert (ROOT / path).is_file(), path
    for module in re.findall(r"`(scripts\.[a-z_.]+)", text):
        assert (ROOT / (module.replace(".", "/") + ".py")).is_file(), module
    assert set(re.findall(r"\becho\w+-(?:cpu|host|site)\b", text)) <= {*SERVICES, "echoscribe-cpu"}
    for variable in re.findall(r"\b(SITE|JOB_USER|BANK)\b=", text):
        assert f"${{{variable}:-" in (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
