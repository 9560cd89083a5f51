"""Packages that only some commands need. They come with an extra of the wheel; `pip install 'echoscribe[train]'`."""

from importlib import import_module

# Extra of pyproject.toml → packages that its commands import.
EXTRAS = {"train": ("matplotlib",), "postgresql": ("psycopg",)}


class ExtraMissing(ImportError):
    """A command needs packages that are not installed; the message names the extra that brings them."""


def require_extra(extra: str) -> None:
    """Raises ExtraMissing when a package of the extra cannot be imported. Call it before long work begins."""
    for package in EXTRAS[extra]:
        try:
            import_module(package)
        except ImportError as error:
            raise ExtraMissing(
                f"this needs the package {package}, which the extra [{extra}] brings: pip install 'echoscribe[{extra}]'"
            ) from error
