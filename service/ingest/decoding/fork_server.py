"""The process that decoders are forked from: it has imported every library once, and reads no file itself.

`decoder_pool` starts it with an environment of a few harmless variables and no open file but its socket. It ends with
the process that started it.
"""

import gc
import importlib
import os
import signal
import socket
import sys
from contextlib import suppress
from typing import Any, Final

from service.ingest.decoding import sandbox
from service.ingest.decoding.channel import Channel, ChannelClosed
from service.ingest.decoding.decoder import Decoder

# What reading a file would otherwise import: plug-ins of the libraries, and the formats themselves.
_IMPORTED: Final = (
    "PIL.JpegImagePlugin",
    "imagecodecs",
    "jpeg_ls",
    "libjpeg",
    "openjpeg",
    "rle",
    "pydicom.pixels.decoders",
    "service.ingest.cine",
)


class ForkServer:
    """Forks decoders, and says how they ended."""

    def __init__(self, control: Channel) -> None:
        self._control = control

    def serve(self) -> None:
        """Answers until the other side is gone."""
        has_left = sandbox.leave_network()
        self._control.send({"ready": True, "network_is_cut": sockets_are_refused() or has_left})
        with suppress(ChannelClosed):
            while True:
                self._answer(self._control.receive_trusted())

    def _answer(self, message: dict[str, Any]) -> None:
        if "fork" in message:
            self._fork(message["fork"])
        else:
            self._control.send({"status": self._status(message["reap"])})

    def _fork(self, memory_bytes: int) -> None:
        """Forks a decoder; answers with its number, its socket, and a descriptor of the process."""
        ours, its = socket.socketpair()
        server = os.getpid()
        child = os.fork()
        if child == 0:
            ours.close()
            self._control.close()
            _be_decoder(its, server, memory_bytes)
        its.close()
        process = os.pidfd_open(child)
        self._control.send({"pid": child}, (ours.fileno(), process))
        os.close(process)
        ours.close()

    def _status(self, process: int) -> int | None:
        """The wait status of a decoder, which was killed if it had not ended before."""
        with suppress(ChildProcessError):
            return os.waitpid(process, 0)[1]
        return None


def sockets_are_refused() -> bool:
    """Whether a process that gave up what decoders give up can open no socket; one is forked to try."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            sandbox.enter(1 << 30)
            socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()
        except PermissionError:
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] == 0


def _be_decoder(end: socket.socket, server: int, memory_bytes: int) -> None:
    """Never returns."""
    try:
        os.setpgid(0, 0)  # so that all its threads can be given a lower priority
        sandbox.die_with_parent()
        if os.getppid() == server:
            Decoder(Channel(end)).serve(memory_bytes)
    finally:
        os._exit(0)


def main() -> None:
    """Imports, then serves on the descriptor that the command line names."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in _IMPORTED:
        with suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a collection in a decoder would write into, and so copy, what all share
    ForkServer(Channel(socket.socket(fileno=int(sys.argv[1])))).serve()
