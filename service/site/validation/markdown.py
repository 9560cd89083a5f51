"""Tables of figures in Markdown."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any


def nested_table(
    rows: Mapping[str, Mapping[str, Any]], shown: Callable[[Any], str], absent: Any = None
) -> Iterator[str]:
    """Lines of a table: a row per name, a column per key that any row has; `absent` stands where one lacks it."""
    columns = list(dict.fromkeys(key for row in rows.values() for key in row))
    yield f"| | {' | '.join(column.replace('_', ' ') for column in columns)} |"
    yield f"| --- |{' ---: |' * len(columns)}"
    for name, row in rows.items():
        yield f"| {name} | {' | '.join(shown(row.get(column, absent)) for column in columns)} |"
