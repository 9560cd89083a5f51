"""GET /docs: the OpenAPI document as one page, written here. No script, and nothing is loaded from anywhere."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from service.http.safe_headers import PAGE_POLICY

router = APIRouter(include_in_schema=False)
Json = Mapping[str, Any]

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;"
    "background:#fff}code,pre{font:14px/1.4 ui-monospace,monospace}pre{background:#f3f3f3;padding:.75rem;"
    "overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #ccc;padding:.3rem .6rem;"
    "text-align:left;vertical-align:top}summary{cursor:pointer}@media(prefers-color-scheme:dark){body{color:#eee;"
    "background:#181818}pre{background:#282828}a{color:#8ab4f8}}"
)


@router.get("/docs")
async def get_docs(request: Request) -> HTMLResponse:
    """Show every call, its fields and its answers."""
    page = "".join(page_of(request.app.openapi()))
    return HTMLResponse(page, headers={"Content-Security-Policy": PAGE_POLICY})


def page_of(document: Json) -> Iterator[str]:
    """The page of an OpenAPI document, piece by piece."""
    info = document["info"]
    title = f"{info['title']} {info['version']}"
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
    yield f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
    yield f"<h1>{escape(title)}</h1><p>{escape(info.get('summary', ''))}</p><p>{escape(info['description'])}</p>"
    yield "<p>With keys: <code>curl -H 'Authorization: Bearer KEY' …</code> The same as a machine reads it: "
    yield '<a href="/openapi.json">/openapi.json</a>.</p>'
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield from _operation(f"{method.upper()} {path}", operation)
    yield "<h2>Schemas</h2>"
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        yield f'<h3 id="{escape(name)}"><code>{escape(name)}</code></h3>{_properties(schema)}'
    yield "</body></html>"


def _operation(call: str, operation: Json) -> Iterator[str]:
    yield f"<h2><code>{escape(call)}</code></h2><p>{escape(operation.get('description', ''))}</p>"
    if parameters := operation.get("parameters"):
        rows = ((_named(row), row["in"], row["schema"], row.get("description", "")) for row in parameters)
        yield _table(("parameter", "in", "type", "meaning"), rows)
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<p>Body <code>{escape(kind)}</code>:</p>{_properties(body['schema'])}"
    yield from _answers(operation["responses"])


def _answers(responses: Json) -> Iterator[str]:
    yield "<details><summary>Answers</summary>"
    for status, answer in responses.items():
        kinds = ", ".join(answer.get("content", {}))
        yield f"<p><strong>{escape(status)}</strong> {escape(answer['description'])} <code>{escape(kinds)}</code></p>"
        for content in answer.get("content", {}).values():
            if "$ref" in content.get("schema", {}):
                yield f"<p>{_type(content['schema'])}</p>"
            if "example" in content and not status.startswith(("4", "5")):
                yield f"<pre>{escape(_shown(content['example']))}</pre>"
    yield "</details>"


def _properties(schema: Json) -> str:
    if "properties" not in schema:
        return f"<p>{_type(schema)}</p>"
    needed = schema.get("required", ())
    rows = (
        (name + ("" if name in needed else " (optional)"), each, each.get("description", ""))
        for name, each in schema["properties"].items()
    )
    return _table(("field", "type", "meaning"), rows)


def _table(heads: tuple[str, ...], rows: Iterator[tuple[str | Json, ...]]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(cell: str | Json) -> str:
    return escape(cell) if isinstance(cell, str) else _type(cell)


def _named(parameter: Json) -> str:
    return str(parameter["name"]) + ("" if parameter.get("required") else " (optional)")


def _type(schema: Json) -> str:
    """The type in one line, a schema of its own as a link."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#{name}"><code>{name}</code></a>'
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    limits = ("enum", "minimum", "exclusiveMinimum", "maximum", "minLength", "maxLength", "pattern", "format")
    said = ", ".join(f"{name} {json.dumps(schema[name])}" for name in limits if name in schema)
    return f"<code>{escape(str(schema.get('type', 'any')))}</code> {escape(said)}"


def _shown(example: Any) -> str:
    return example if isinstance(example, str) else json.dumps(example, indent=1)
