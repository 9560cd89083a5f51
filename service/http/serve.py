"""The process that serves: one signal drains, a second one gives up what is left and ends.

On SIGTERM or SIGINT readiness fails first, while the port stays open and new studies get a 503; accepted ones go on
until the last is answered or `drain_seconds` are over. Only then does uvicorn close the port.
"""

import os
import sys
import time
from contextlib import suppress
from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, gaierror, socket
from types import FrameType

import uvicorn
from fastapi import FastAPI

from service.access.key_ring import KeyRing
from service.access.web_origin import is_loopback
from service.causes import cause_of
from service.errors import UnsafeAddress
from service.http.app import create_app
from service.http.bounded_protocol import BoundedConfig
from service.http.connections import ConnectionLimits
from service.settings import Settings
from service.study.durable.settling import shutting_down
from service.study.runner import Workings
from service.study.worker import DeviceWorker, Phase
from service.telemetry import configure_logging, log_event

_OF_CLIENTS = "ECHOSCRIBE_KEY"  # read by the Python client and the health check, never by the service
_CLOSING_SECONDS = 5  # for answers already written and event streams that end


class DrainingServer(uvicorn.Server):
    """A uvicorn server that drains its worker before it closes the port."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, drain_seconds: float) -> None:
        super().__init__(config)
        self.failed = False
        self._app = app
        self._drain_seconds = drain_seconds
        self._deadline: float | None = None
        self._given_up = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """Takes a signal: the first drains, the second gives up what is left, the third ends without cleaning."""
        if self._given_up:
            os._exit(128 + sig)
        if self._deadline is None:
            self._deadline = time.monotonic() + self._drain_seconds
        else:
            self._deadline, self._given_up = 0.0, True
            self.config.timeout_graceful_shutdown = 1

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Opens the port and says which."""
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            log_event("listening", host=host, port=port)

    async def on_tick(self, counter: int) -> bool:
        """True when it is time to close the port."""
        worker: DeviceWorker = self._app.state.service.worker
        if worker.phase is Phase.FAILED:
            self.failed = True
            return True
        if self._deadline is not None:
            self._drain(worker, self._deadline)
        return await super().on_tick(counter)

    def _drain(self, worker: DeviceWorker, deadline: float) -> None:
        if worker.phase in {Phase.READY, Phase.LOADING}:
            log_event("draining", in_flight=worker.in_flight, seconds=self._drain_seconds)
            worker.drain()
        late = time.monotonic() >= deadline
        if late and worker.in_flight:
            log_event("drain_deadline_passed", in_flight=worker.in_flight)
            worker.stop(shutting_down())
        self.should_exit = late or worker.in_flight == 0


def serve(settings: Settings, workings: Workings | None = None) -> None:
    """Serves until a signal ends it; the exit status is 1 when it could not start.

    Raises UnsafeAddress or KeysUnreadable before anything is opened.
    """
    is_locked = _require_safe_address(settings)
    configure_logging(settings.log_level)
    if not is_locked:
        log_event("open_to_this_machine", host=settings.host, keys=str(settings.keys_file))
    _warn_of_unknown_settings()
    app = create_app(settings, workings)
    limits = ConnectionLimits(
        settings.connections, settings.connections_per_address, settings.header_bytes, settings.header_seconds
    )
    config = BoundedConfig.of(
        limits,
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_CLOSING_SECONDS,
    )
    server = DrainingServer(config, app, settings.drain_seconds)
    listening = _bound(settings)
    with suppress(SystemExit):  # how uvicorn ends where the app could not start
        server.run([listening])
    failed = server.failed or not server.started
    log_event("stopped", failed=failed)
    if failed:
        sys.exit(1)


def _require_safe_address(settings: Settings) -> bool:
    """Whether keys are asked for. Raises UnsafeAddress, KeysUnreadable."""
    is_locked = KeyRing(settings.keys_file).is_locked
    if not is_locked and not is_loopback(settings.host):
        raise UnsafeAddress(
            f"ECHOSCRIBE_HOST {settings.host}: there are no keys in {settings.keys_file}, and without keys the service "
            "listens on loopback only (127.0.0.1); make one with `echoscribe keys add`",
            field="host",
        )
    return is_locked


def _bound(settings: Settings) -> socket:
    """The port, taken before anything is loaded. Ends the process with one line that says what is in the way."""
    host, port = settings.host, settings.port
    listening = socket(AF_INET6 if ":" in host else AF_INET, SOCK_STREAM)
    try:
        listening.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        why = "it is no address of this machine" if isinstance(error, gaierror) else cause_of(error)
        text = f"address {host}, port {port}: {why} (ECHOSCRIBE_HOST, ECHOSCRIBE_PORT)"
        log_event("start_failed", level=40, message=text)
        sys.exit(1)
    return listening


def _warn_of_unknown_settings() -> None:
    """A misspelt variable would otherwise be ignored in silence."""
    known = {f"ECHOSCRIBE_{name.upper()}" for name in Settings.model_fields} | {_OF_CLIENTS}
    for name in sorted(os.environ):
        if name.startswith("ECHOSCRIBE_") and name not in known:
            log_event("unknown_setting", level=30, name=name)
