"""A PostgreSQL server of its own: Debian's programs, on loopback, in a folder that goes away, never as root."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from pydantic import SecretStr

from service.settings import PostgresPlace

_START_SECONDS = 60.0
_numbers = count()


def programs() -> Path | None:
    """The folder of initdb and postgres; Debian keeps it out of PATH."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in reversed(folders) if (folder / "postgres").exists()), None)


def unprivileged() -> dict[str, Any] | None:
    """Who runs the server, as arguments of Popen; None where this process is root and there is nobody else."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    return None


class PostgresServer:
    """A server that can be stopped and started again."""

    def __init__(self, folder: Path, programs: Path, user: dict[str, Any]) -> None:
        self._folder, self._programs, self._user = folder, programs, user
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        command = [
            self._programs / "initdb",
            "-D",
            self._folder / "data",
            "-A",
            "trust",
            "-U",
            "tester",
            "-N",
            "-E",
            "UTF8",
        ]
        subprocess.run([*map(str, command)], check=True, capture_output=True, timeout=120, cwd="/", **self._user)

    def start(self) -> None:
        settings = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": ""}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [str(self._programs / "postgres"), "-D", str(self._folder / "data"), *options]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **self._user
        )
        end = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.connect("postgres").close()
                return
            except psycopg.OperationalError:
                assert time.monotonic() < end, "the server did not start in time"
                time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one."""
        if self._process is not None:
            self._process.send_signal(how)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(30)
            self._process = None

    def connect(self, database: str) -> "psycopg.Connection[Any]":
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="tester", dbname=database, autocommit=True, connect_timeout=5
        )

    def url(self) -> str:
        """The address of a new, empty database."""
        name = f"store{next(_numbers)}"
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql://tester@127.0.0.1:{self.port}/{name}"

    def place(self) -> PostgresPlace:
        return PostgresPlace(SecretStr(self.url()), "echoscribe")


@contextmanager
def postgres_server() -> Iterator[PostgresServer | str]:
    """A running server, or why there is none."""
    found, user = programs(), unprivileged()
    if found is None or user is None:
        yield "PostgreSQL's server is not installed (Debian: apt-get install postgresql), or nobody may run it"
        return
    folder = Path(tempfile.mkdtemp(prefix="echoscribe-postgresql-"))
    if "user" in user:
        os.chown(folder, user["user"], user["group"])
    server = PostgresServer(folder, found, user)
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
