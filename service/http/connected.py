"""Waiting for an answer for as long as its reader is there."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import Request

from service.errors import Abandoned

Answer = TypeVar("Answer")


async def while_connected(
    request: Request, answer: Awaitable[Answer], give_up: Callable[[], Awaitable[None]] | None
) -> Answer:
    """The answer. give_up: what is done when its reader goes away first, None where it can be asked for again.

    Raises the answer's own error, or Abandoned.
    """
    waited = asyncio.ensure_future(answer)
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait({waited, gone}, return_when=asyncio.FIRST_COMPLETED)
        if waited.done():
            return waited.result()
        if give_up is not None:
            await give_up()
        raise Abandoned("the client went away before its answer")
    finally:
        gone.cancel()
        waited.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
