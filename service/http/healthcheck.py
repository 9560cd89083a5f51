"""`python -m service.http.healthcheck`: exit status 0 while this container's service is ready. Imports no library."""

import http.client
import os
import sys
from typing import Final

_SECONDS: Final = 4.0
_BYTES: Final = 16  # of an answer; "alive" is what is looked for
_EVERY_ADDRESS: Final = {"", "0.0.0.0", "::"}  # noqa: S104 - compared with, not listened on


def ready(host: str, port: int, key: str | None = None) -> bool:
    """Whether /readyz answers 200; it needs no key, and gets one where there is one."""
    return _answer(host, port, "/readyz", key)[0] == 200


def is_alive(host: str, port: int) -> bool:
    """Whether an EchoScribe answers there, ready or not."""
    return _answer(host, port, "/livez") == (200, b"alive\n")


def _answer(host: str, port: int, path: str, key: str | None = None) -> tuple[int, bytes]:
    """Status and the first bytes of an answer; 0 where there is none.

    http.client and not urllib: a proxy of the environment must not stand between.
    """
    connection = http.client.HTTPConnection("127.0.0.1" if host in _EVERY_ADDRESS else host, port, timeout=_SECONDS)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"} if key else {})
        response = connection.getresponse()
        return response.status, response.read(_BYTES)
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


if __name__ == "__main__":
    address = os.environ.get("ECHOSCRIBE_HOST", "127.0.0.1")
    sys.exit(not ready(address, int(os.environ.get("ECHOSCRIBE_PORT", "8000")), os.environ.get("ECHOSCRIBE_KEY")))
