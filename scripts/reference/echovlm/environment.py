"""The environment that echovlm's scripts run in: its own packages over those of the present interpreter.

torch, numpy, pandas and scikit-learn are the present ones, newer than it pins; `tiktoken` and `rustbpe` are installed
beside them. Its other packages (`transformers`, `wandb`, OpenCV) are read by none of the scripts that are run.
"""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

_OWN = ("tiktoken", "rustbpe")
HERE = Path(__file__).parent


class Failed(Exception):
    """A script of echovlm ended badly; the message holds the end of what it printed."""


def make_environment(folder: Path) -> Path:
    """The interpreter of the environment in a folder, made where it is not there yet."""
    python = folder / "bin" / "python"
    if not python.exists():
        _call([sys.executable, "-m", "venv", str(folder)])
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        present = folder / "lib" / version / "site-packages" / "present.pth"
        present.write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
        _call([str(python), "-m", "pip", "install", "--quiet", *_OWN])
    return python


def run_theirs(python: Path, checkout: Path, folder: Path, *arguments: str) -> None:
    """Runs something in the folder that holds `assets/`, the checkout on its module path. Raises Failed."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
    _call([str(python), *arguments], folder, environment)


def _call(command: list[str], folder: Path | None = None, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if folder is not None:
        with (folder / "log.txt").open("a", encoding="utf-8") as file:
            file.write(f"$ {' '.join(command)}\n{done.stdout}{done.stderr}")
    if done.returncode:
        end = "\n".join((done.stderr or done.stdout).splitlines()[-5:])
        raise Failed(f"{' '.join(command[:4])} …: exit status {done.returncode}\n{end}")
