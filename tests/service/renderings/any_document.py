"""Any document that the schema allows, for property tests: every field drawn by its type."""

import types
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic import BaseModel

Model = TypeVar("Model", bound=BaseModel)

_PLAIN: dict[Any, Callable[[], st.SearchStrategy[Any]]] = {
    str: lambda: st.text(max_size=30),
    int: lambda: st.integers(0, 9),
    float: lambda: st.floats(-1e9, 1e9, allow_nan=False),
    bool: st.booleans,
    datetime: lambda: st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1)).map(
        lambda when: when.replace(tzinfo=UTC)
    ),
    type(None): st.none,
}


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a field's type."""
    if kind in _PLAIN:
        return _PLAIN[kind]()
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return documents(kind)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return st.sampled_from(inner)
    if origin in (Union, types.UnionType):
        return st.one_of(*map(values_of, inner))
    return _collection(origin, inner)


def _collection(origin: Any, inner: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if origin is list:
        return st.lists(values_of(inner[0]), max_size=2)
    if origin is tuple:
        return st.tuples(*map(values_of, inner))
    assert origin is dict, origin
    return st.dictionaries(values_of(inner[0]), values_of(inner[1]), max_size=2)


def documents(model: type[Model]) -> st.SearchStrategy[Model]:
    """Documents of a model."""
    fields = {name: values_of(field.annotation) for name, field in model.model_fields.items()}
    return st.fixed_dictionaries(fields).map(model.model_validate)
