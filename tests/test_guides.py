"""Pages cannot lie about commands: programs, modules, options, make words and compose services are what is there."""

import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from service.cli.commands import app

ROOT = Path(__file__).parents[1]
# Not LOG.md: its commands are those of their day.
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "index/*.md", "model/**/README.md")
    for path in ROOT.glob(pattern)
    if path.name != "LOG.md"
)
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROGRAM = re.compile(r"(\.venv/bin/)?(echoscribe|python|make|docker|bash|torchrun)")


def lines_of(page: Path) -> Iterator[tuple[str, bool]]:
    """Every command line of the page, and whether it is whole: one of a shell block, not words within a text."""
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from ((line, True) for line in block.replace("\\\n", " ").splitlines())
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    for code in re.findall(r"`([^`]+)`", prose):
        line = " ".join(code.split())
        if PROGRAM.match(line) and "…" not in line:
            yield line, False


def commands(page: Path) -> Iterator[tuple[list[str], bool]]:
    """The words of each command line, whether it is whole; of lines joined by && each part."""
    for line, whole in lines_of(page):
        words = shlex.split(line, comments=True)
        while "&&" in words:
            place = words.index("&&")
            yield words[:place], whole
            words = words[place + 1 :]
        if words:
            yield words, whole


def ours(words: list[str]) -> list[str] | None:
    """The command that a line runs: `echoscribe …`, `make …`, `-m MODULE …` or an unknown `job`; None for others'."""
    if "compose" in words and "--rm" in words:
        name, *rest = words[words.index("--rm") + 1 :] or [""]
        if name and name not in SERVICES:
            return ["job", name]
        return ours([*SERVICES[name]["entrypoint"], *rest]) if name else None
    if words[:2] == ["docker", "run"]:  # docker run OPTIONS IMAGE ARGUMENTS: the image's entrypoint is echoscribe
        image = next(place for place, word in enumerate(words) if word.startswith("echoscribe:"))
        return ["echoscribe", *words[image + 1 :]]
    for place, word in enumerate(words):
        if word == "-m" and words[place + 1].startswith(("scripts.", "service.", "model.", "index.")):
            entry = words[place + 1] == "service.cli.entry"
            return ["echoscribe", *words[place + 2 :]] if entry else words[place:]
    if Path(words[0]).name == "echoscribe":
        return ["echoscribe", *words[1:]]
    return words if words[0] == "make" else None


RUNS = [
    (str(page.relative_to(ROOT)), found, whole)
    for page in PAGES
    for words, whole in commands(page)
    if (found := ours(words))
]


def test_pages_show_commands() -> None:
    assert len(RUNS) > 50
    assert {run[0] for _, run, _ in RUNS} == {"echoscribe", "make", "-m"}
    shown = {Path(name).stem for name, _, _ in RUNS}
    assert {"README", "own_reports", "echoprime", "container_jobs", "train_on_your_data"} <= shown


def options_of(words: list[str]) -> set[str]:
    return {word.split("=")[0] for word in words if word.startswith("--")} - {"--help"}


def check_echoscribe(words: list[str], *, whole: bool) -> None:
    """The sub-command and its options exist; those of a whole line fit together."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        word = rest.pop(0)
        assert word in command.commands, f"echoscribe has no {word!r}; there are {sorted(command.commands)}"
        command = command.commands[word]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert options_of(rest) <= known
    if whole and "--help" not in rest:
        command.make_context("echoscribe", rest)  # exits, and so fails, where they do not fit together


def check_module(words: list[str], *, whole: bool) -> None:
    """The module can be run, and its options exist; those of a whole line fit together."""
    imported = importlib.import_module(words[0])
    source = Path(str(imported.__file__)).read_text(encoding="utf-8")
    assert '__name__ == "__main__"' in source
    assert [option for option in options_of(words) if f'"{option}"' not in source] == []
    if whole and hasattr(imported, "arguments_of") and "--help" not in words:
        imported.arguments_of(words[1:])


def check_make(words: list[str], *, whole: bool) -> None:
    """The targets exist, and so do variables that are set."""
    for word in words:
        name, is_variable, _ = word.partition("=")
        assert re.search(rf"^{name} \?=" if is_variable else rf"^{name}:", MAKEFILE, re.MULTILINE), word


def check_job(words: list[str], *, whole: bool) -> None:
    raise AssertionError(f"docker-compose.yml has no job {words[0]!r}")


CHECKS = {"echoscribe": check_echoscribe, "-m": check_module, "make": check_make, "job": check_job}


@pytest.mark.parametrize(("page", "words", "whole"), RUNS, ids=[f"{run[0]} {n}" for n, run in enumerate(RUNS)])
def test_commands_and_their_options_exist(page: str, words: list[str], whole: bool) -> None:
    CHECKS[words[0]](words[1:], whole=whole)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_files_and_services_that_are_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`((?:scripts|model|service|index|docs|tests)/[\w/]+\.\w+)`", text)
    assert [path for path in named if not (ROOT / path).is_file()] == []
    modules = re.findall(r"`((?:scripts|service|model|index)(?:\.[a-z_]+)+)`", text)
    places = {name: ROOT / name.replace(".", "/") for name in modules}
    assert [
        name for name, place in places.items() if not place.with_suffix(".py").is_file() and not place.is_dir()
    ] == []
    assert set(re.findall(r"\becho\w+-(?:cpu|host|site)\b", text)) <= {*SERVICES, "echoscribe-cpu"}
    for variable in re.findall(r"\b(SITE|JOB_USER|BANK)\b=", text):
        assert f"${{{variable}:-" in (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
