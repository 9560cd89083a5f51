"""A JSON body, read no further than it may be long, as the document that a route takes."""

import asyncio
from typing import Final, TypeVar

from pydantic import ValidationError
from starlette.requests import ClientDisconnect, Request

from service.documents.document import Document
from service.editing_errors import NotJson
from service.errors import InvalidField, UploadCutOff, UploadTimeout, UploadTooLarge

MOST_BYTES: Final = 1 << 20  # 15 sections of the most characters a section may have, in UTF-8
_SECONDS: Final = 30.0  # one megabyte at 35 kB a second
_Asked = TypeVar("_Asked", bound=Document)


async def read_json(request: Request, kind: type[_Asked]) -> _Asked:
    """The body. Raises NotJson, UploadTooLarge, UploadTimeout, UploadCutOff or InvalidField.

    What a client wrote is not repeated: it may name a patient.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise NotJson("Content-Type: must be application/json", field="Content-Type")
    try:
        return kind.model_validate_json(await _body(request))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = str(first["loc"][0]) if first["loc"] and first["loc"][0] in kind.model_fields else "body"
        raise InvalidField(f"{field}: {_said(first['type'], first['msg'])}", field=field) from None


def _said(kind: str, text: str) -> str:
    """Pydantic's words where they hold nothing of the client's."""
    if kind == "json_invalid":
        return "is no JSON"
    return "has a field that is not known" if kind == "extra_forbidden" else text


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(_SECONDS):
            async for piece in request.stream():
                body += piece
                if len(body) > MOST_BYTES:
                    raise UploadTooLarge(f"the body has more than {MOST_BYTES} bytes", limit=MOST_BYTES)
    except TimeoutError as error:
        raise UploadTimeout(f"the body did not come within {_SECONDS:g} s", limit=_SECONDS) from error
    except ClientDisconnect as error:
        raise UploadCutOff("the client went away before the end of the body") from error
    return bytes(body)
