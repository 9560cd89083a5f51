"""Objects for JSON, by the names of their classes: what a decoder is asked, by the process that it believes.

Functions and classes go by name, and an object as its class and its attributes. So whatever a modality says of its
files has to stand in a module; a function inside a function cannot be found by another process.
"""

import importlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

_NAME, _OBJECT, _ATTRIBUTES, _PATH, _FUNCTION, _GIVEN = "name", "object", "attributes", "path", "function", "given"
_PLAIN: Final = (bool, int, float, str)


def described(value: Any) -> Any:
    """A value for JSON. Raises TypeError for what another process could not find by its name."""
    if value is None or type(value) in _PLAIN:
        return value
    if isinstance(value, tuple | list):
        return [described(each) for each in value]
    if isinstance(value, Path):
        return {_PATH: str(value.absolute())}  # the other process has its own working directory
    if isinstance(value, partial):
        given = [list(value.args), [[name, each] for name, each in value.keywords.items()]]
        return {_FUNCTION: described(value.func), _GIVEN: described(given)}
    if isinstance(value, type) or callable(value):
        return _named(value) if hasattr(value, "__qualname__") else _object(value)
    return _object(value)


def made(value: Any) -> Any:
    """The value again; what was a list is a tuple."""
    if isinstance(value, list):
        return tuple(made(each) for each in value)
    if not isinstance(value, dict):
        return value
    if _PATH in value:
        return Path(value[_PATH])
    if _FUNCTION in value:
        (given, named), function = made(value[_GIVEN]), made(value[_FUNCTION])
        return partial(function, *given, **dict(named))
    if _NAME in value:
        return _found(value[_NAME])
    kind = _found(value[_OBJECT])
    again = kind.__new__(kind)
    again.__dict__.update({name: made(each) for name, each in value[_ATTRIBUTES].items()})
    return again


def _object(value: Any) -> dict[str, Any]:
    attributes = {name: described(each) for name, each in vars(value).items()}
    return {_OBJECT: _named(type(value))[_NAME], _ATTRIBUTES: attributes}


def _named(value: "type | Callable[..., Any]") -> dict[str, list[str]]:
    module, name = value.__module__, value.__qualname__
    if "<" in name or module == "__main__":
        text = f"{module}.{name} must stand in a module: another process reads the files, and has to find it"
        raise TypeError(text)
    return {_NAME: [module, name]}


def _found(name: tuple[str, str]) -> Any:
    module, qualified = name
    found: Any = importlib.import_module(module)
    for part in qualified.split("."):
        found = getattr(found, part)
    return found
