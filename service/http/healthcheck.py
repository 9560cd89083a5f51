"""`python -m service.http.healthcheck`: exit status 0 while this container's service is ready. Imports no library."""

import http.client
import os
import sys
from typing import Final

_SECONDS: Final = 4.0
_EVERY_ADDRESS: Final = {"", "0.0.0.0", "::"}  # noqa: S104 - compared with, not listened on


def ready(host: str, port: int, key: str | None = None) -> bool:
    """Whether /readyz answers 200; it needs no key, and gets one where there is one.

    http.client and not urllib: a proxy of the environment must not stand between.
    """
    connection = http.client.HTTPConnection("127.0.0.1" if host in _EVERY_ADDRESS else host, port, timeout=_SECONDS)
    try:
        connection.request("GET", "/readyz", headers={"Authorization": f"Bearer {key}"} if key else {})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    address = os.environ.get("ECHOSCRIBE_HOST", "127.0.0.1")
    sys.exit(not ready(address, int(os.environ.get("ECHOSCRIBE_PORT", "8000")), os.environ.get("ECHOSCRIBE_KEY")))
