"""Messages between this process and its decoders, over a socket that also carries open files.

All of them are JSON. A decoder believes what this process says. What a decoder says may be the word of whoever made
the file that it reads: it is bounded in length, and believed in nothing.
"""

import array
import json
import os
import select
import socket
from struct import Struct
from typing import Any, Final

_LENGTH: Final = Struct(">L")
MAX_ANSWER_BYTES: Final = 16 << 20  # names of a thousand packed files are the longest answer there is
_MOST_FILES: Final = 4  # that come with a message
_SEND_SECONDS: Final = 5.0  # a decoder that was stopped does not read what it is sent


class ChannelClosed(Exception):
    """The other side is gone, or says what no decoder says."""


class Channel:
    """One end of the socket. files: those that came with the messages so far and were not taken yet."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._socket.settimeout(_SEND_SECONDS)
        self._received = bytearray()
        self.files: list[int] = []

    def fileno(self) -> int:
        """The descriptor of the socket."""
        return self._socket.fileno()

    def close(self) -> None:
        """Closes this end, and files that nobody took."""
        self._socket.close()
        while self.files:
            os.close(self.files.pop())

    def send(self, message: Any, files: tuple[int, ...] = ()) -> None:
        """Sends plain values, and open files. Raises ChannelClosed."""
        content = json.dumps(message).encode()
        data = _LENGTH.pack(len(content)) + content
        try:
            sent = socket.send_fds(self._socket, [data], list(files)) if files else 0
            self._socket.sendall(data[sent:])
        except OSError:
            raise ChannelClosed from None

    def wait(self, seconds: float) -> bool:
        """Whether something can be received, or the other side has gone, within that time."""
        waiting = select.poll()
        waiting.register(self._socket, select.POLLIN)
        return bool(waiting.poll(max(0, seconds) * 1000))

    def receive_trusted(self) -> Any:
        """The next message of the process that started this one, waited for. Raises ChannelClosed."""
        while (content := self._whole(None)) is None:
            self.wait(3600)
            self._receive_some()
        return json.loads(content)

    def receive(self) -> dict[str, Any] | None:
        """The next message of a decoder; None while it is not whole. Raises ChannelClosed.

        Several may have come at once: ask until there is none, and only then wait.
        """
        content = self._whole(MAX_ANSWER_BYTES)
        if content is None:
            self._receive_some()
            content = self._whole(MAX_ANSWER_BYTES)
        if content is None:
            return None
        try:
            message = json.loads(content)
        except (ValueError, RecursionError):
            raise ChannelClosed from None
        if not isinstance(message, dict):
            raise ChannelClosed
        return message

    def _receive_some(self) -> None:
        """Takes what has arrived. Raises ChannelClosed at the end."""
        if not self.wait(0):
            return
        try:
            data, beside, _, _ = self._socket.recvmsg(1 << 16, socket.CMSG_SPACE(_MOST_FILES * 4))
        except OSError:
            raise ChannelClosed from None
        for level, kind, content in beside:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                numbers = array.array("i")
                numbers.frombytes(content[: len(content) - len(content) % numbers.itemsize])
                self.files.extend(numbers)
        if not data:
            raise ChannelClosed
        self._received += data

    def _whole(self, most_bytes: int | None) -> bytes | None:
        """The first whole message of what was received."""
        if len(self._received) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._received)
        if most_bytes is not None and length > most_bytes:
            raise ChannelClosed
        end = _LENGTH.size + length
        if len(self._received) < end:
            return None
        content = bytes(self._received[_LENGTH.size : end])
        del self._received[:end]
        return content
