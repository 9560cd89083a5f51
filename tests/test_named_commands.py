"""Every command that README, docs, the Makefile, compose, a script or a message names is there, with its options."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.service.cli.command_tree import commands, named, options_of

ROOT = Path(__file__).parents[1]
PROSE = [ROOT / "README.md", ROOT / "index" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
RECIPES = [ROOT / "Makefile", ROOT / "docker-compose.yml", ROOT / "scripts" / "speedrun.sh"]
PACKAGES = ("service", "model", "index", "scripts")
_MODULE = re.compile(r"-m (service\.[\w.]+|scripts\.[\w.]+)")


def shell_lines(text: str) -> Iterator[list[str]]:
    """The words of every line of the shell blocks."""
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            yield shlex.split(line, comments=True)


def called(words: list[str]) -> list[str] | None:
    """What follows `echoscribe` where a line of a shell runs it."""
    for place, word in enumerate(words):
        if word in ("echoscribe", ".venv/bin/echoscribe"):
            return words[place + 1 :]
        if word == "service.cli.entry" and words[place - 1] == "-m":
            return words[place + 1 :]
    return None


def strings_of(path: Path) -> Iterator[str]:
    """Every string of a Python file: messages, help, docstrings. The parts of an f-string are joined."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def python_files() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def check(words: list[str], where: object) -> None:
    """Raises AssertionError when the words name no command, or give it options that it does not know."""
    try:
        command, rest = named(words)
    except KeyError as missing:
        raise AssertionError(f"{where}: echoscribe {' '.join(words)}: no command {missing}") from missing
    unknown = {word.split("=")[0] for word in rest if word.startswith("--")} - options_of(command)
    assert not unknown, f"{where}: echoscribe {' '.join(words)}: {unknown}"


def words_in_code(text: str) -> Iterator[list[str]]:
    """The words after `echoscribe` in backticks, as far as they can be commands."""
    for found in re.findall(r"`(?:[^\s`]*/)?echoscribe\s+([^`]+)`", text):
        yield shlex.split(found)


@pytest.mark.parametrize("path", PROSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_of_the_documents_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for words in shell_lines(text):
        if (given := called(words)) is not None:
            check(given, path.name)
    for words in words_in_code(text):
        check(words, path.name)


def test_documents_name_commands_at_all() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert sum(called(words) is not None for words in shell_lines(text)) >= 5
    with pytest.raises(AssertionError, match="no command"):
        check(["bank", "burn"], "here")
    with pytest.raises(AssertionError, match="--fast"):
        check(["bank", "build", "--fast"], "here")


def test_commands_of_messages_and_help_exist() -> None:
    """Where a string names `echoscribe WORD` outside backticks, WORD is a command as well."""
    seen = 0
    for path in python_files():
        for text in strings_of(path):
            for words in words_in_code(text):
                check(words, path.name)
                seen += 1
            for first, second in re.findall(r"(?<![`\w-])echoscribe ([a-z][a-z-]+)(?: ([a-z][a-z-]*))?", text):
                command, _ = named([first])
                if second and hasattr(command, "commands"):
                    named([first, second])
                seen += 1
    assert seen > 20


def test_examples_of_the_help_parse() -> None:
    seen = 0
    for words, command in commands():
        for line in (command.epilog or "").split("\n\n"):
            parts = shlex.split(line.replace(";", "")) if "echoscribe" in line or "entry" in line else []
            if (given := called(parts)) is None:
                continue
            example, rest = named(given)
            example.make_context(" ".join(words), list(rest))  # exits, and so fails, where options do not fit together
            seen += 1
        if words and not hasattr(command, "commands") and words[0] in {"bank", "import", "train"}:
            assert "Examples:" in command.epilog, words
    assert seen > 12


@pytest.mark.parametrize("path", [*PROSE, *RECIPES, *python_files()], ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_that_are_run_exist_and_can_be_run(path: Path) -> None:
    for module in set(_MODULE.findall(path.read_text(encoding="utf-8"))):
        file = ROOT / (module.rstrip(".").replace(".", "/") + ".py")
        assert file.is_file(), module
        assert '__name__ == "__main__"' in file.read_text(encoding="utf-8"), module


def test_only_the_entry_and_the_health_check_of_the_service_are_run_as_modules() -> None:
    """What a site runs is a command; nothing of it needs to know where the code lies."""
    run = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "service").rglob("*.py")
        if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
    }
    assert run == {"service/cli/entry.py", "service/http/healthcheck.py"}


def test_jobs_of_compose_are_commands() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    entries = [fields["entrypoint"] for fields in services.values() if "entrypoint" in fields]
    assert len(entries) == 11
    for program, *words in entries:
        assert program == "echoscribe"
        check(words, "docker-compose.yml")
        # who starts the job of keys says what of: `docker compose run --rm keys add …`
        assert words == ["keys"] or not hasattr(named(words)[0], "commands"), words


def test_the_library_of_a_site_prints_nothing() -> None:
    for path in (ROOT / "service" / "site").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        called_names = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert "print" not in called_names, path
        assert "argparse" not in imported, path
