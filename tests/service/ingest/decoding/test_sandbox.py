"""What a decoder sees of the service, and what it may do: nothing that reading a file does not need."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from service.ingest.decoding.decoder_pool import decoder_pool
from service.ingest.limits import DecoderLimits, IngestLimits
from tests.service.conftest import wait_until
from tests.service.ingest.decoding.unruly import Said, open_unruly, order

MEMORY = 640 << 20


def test_a_decoder_sees_no_secret_and_reaches_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder_pool().close()
    monkeypatch.setenv("ECHOSCRIBE_STORE", "postgresql://user:PLANTED@host/db")
    with (tmp_path / "secret").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)
        path = order(tmp_path, "read look_around")
        with open_unruly([path], IngestLimits(decoders=DecoderLimits(memory_bytes=MEMORY))) as study:
            (found,) = study.read()
    assert isinstance(found, Said)
    seen = json.loads(found.said)
    assert set(seen["environment"]) <= {
        *("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONHOME", "PYTHONPATH"),
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "SYSTEMROOT"),
    }
    assert "PLANTED" not in found.said
    assert seen["open"] == ["device", "other", "other", "socket"]  # nothing, two pipes for lines of libraries, orders
    assert (seen["core"], seen["data"]) == ([0, 0], [MEMORY, MEMORY])
    assert decoder_pool().network_is_cut
    assert set(seen["tried"].values()) == {"refused"}, seen["tried"]
    if os.geteuid() == 0:  # others may not leave the network everywhere; sockets are refused either way
        assert set(seen["network"]) <= {"lo"}


def test_nothing_is_left_when_the_service_is_killed(tmp_path: Path) -> None:
    path = order(tmp_path, "read hang")
    program = (
        "from pathlib import Path; import sys, threading\n"
        "from service.ingest.limits import IngestLimits\n"
        "from tests.service.conftest import wait_until\n"
        "from tests.service.ingest.decoding.unruly import decoder_pool, decoders, has_begun, open_unruly\n"
        "path = Path(sys.argv[1])\n"
        "study = open_unruly([path], IngestLimits())\n"
        "threading.Thread(target=lambda: list(study.read()), daemon=True).start()\n"
        "wait_until(lambda: has_begun(path), 60)\n"
        "print(decoder_pool().server_number, *decoders(), flush=True)\n"
        "threading.Event().wait()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        numbers = [int(number) for number in parent.stdout.readline().split()]
        assert len(numbers) == 2
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, numbers)), 60)


def is_running(number: int) -> bool:
    """Whether that process has not ended; one that nobody has asked about yet has."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
