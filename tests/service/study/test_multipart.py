"""Forms parsed piece by piece: what comes out does not depend on the pieces, and nothing but our errors is raised."""

import contextlib
import hashlib
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.errors import ServiceError, UploadTooLarge
from service.study.multipart import MultipartReceiver, UploadLimits
from service.study.report_form import ReportForm

LIMITS = UploadLimits(max_body_bytes=1 << 20, max_files=3, max_file_bytes=1000)


def accept(_: ReportForm) -> None:
    return


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    suffix = "" if filename is None else f'; filename="{filename}"'
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{suffix}\r\n\r\n'.encode() + content + b"\r\n"


BODY = b"".join(
    (
        part("mode", b"rag"),
        part("files", b"one", "../../etc/passwd"),
        part("files", b"\r\n--\r\n--y", "b"),
        b"--x--\r\n",
    )
)


def received(body: bytes, sizes: list[int], folder: Path) -> MultipartReceiver:
    with MultipartReceiver(b"x", folder, LIMITS, accept) as receiver:
        while body:
            size = sizes.pop() if sizes else len(body)
            receiver.write(body[:size])
            body = body[size:]
        return receiver


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sizes=st.lists(st.integers(1, 40), max_size=60))
def test_the_result_does_not_depend_on_the_pieces(tmp_path_factory: pytest.TempPathFactory, sizes: list[int]) -> None:
    folder = tmp_path_factory.mktemp("form")
    whole = received(BODY, [], tmp_path_factory.mktemp("whole"))
    pieces = received(BODY, sizes, folder)
    assert pieces.ended
    assert pieces.form == whole.form == ReportForm(mode="rag")
    assert [file.read_bytes() for file in pieces.files] == [b"one", b"\r\n--\r\n--y"]
    assert pieces.payload_sha256() == whole.payload_sha256()
    assert pieces.sha256 == {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in pieces.files}
    assert {path.parent for path in pieces.files} == {folder}


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sizes=st.lists(st.sampled_from([1, 100, (1 << 18) - 1, 1 << 18, 1 << 20]), max_size=12), seed=st.integers(0, 9))
def test_large_pieces_hashed_beside_the_writing_give_the_hash_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], seed: int
) -> None:
    contents = [random.Random(seed + n).randbytes(size) for n, size in enumerate((3 << 20, 17, 1 << 18))]
    body = b"".join(part("files", content, "clip") for content in contents) + b"--x--\r\n"
    folder = tmp_path_factory.mktemp("form")
    limits = UploadLimits(max_body_bytes=1 << 23, max_files=3, max_file_bytes=1 << 22)
    with MultipartReceiver(b"x", folder, limits, accept) as receiver:
        at = 0
        for size in [*sizes, len(body)]:
            receiver.write(body[at : at + size])
            at += size
    assert [path.read_bytes() for path in receiver.files] == contents
    assert list(receiver.sha256.values()) == [hashlib.sha256(content).hexdigest() for content in contents]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cut=st.integers(0, len(BODY)), junk=st.binary(max_size=60), rest=st.integers(0, len(BODY)))
def test_damaged_bodies_raise_only_our_errors(
    tmp_path_factory: pytest.TempPathFactory, cut: int, junk: bytes, rest: int
) -> None:
    with contextlib.suppress(ServiceError):
        received(BODY[:cut] + junk + BODY[rest:], [], tmp_path_factory.mktemp("form"))


def test_the_digest_tells_files_order_and_options_apart(tmp_path: Path) -> None:
    bodies = [
        part("files", b"ab", "a") + part("files", b"c", "b"),
        part("files", b"a", "a") + part("files", b"bc", "b"),
        part("files", b"c", "a") + part("files", b"ab", "b"),
        part("files", b"ab", "a") + part("files", b"c", "b") + part("k", b"5"),
    ]
    digests = set()
    for number, body in enumerate(bodies):
        folder = tmp_path / str(number)
        folder.mkdir()
        digests.add(received(body + b"--x--\r\n", [], folder).payload_sha256())
    assert len(digests) == len(bodies)


def test_a_file_that_grows_beyond_its_limit_is_refused_while_it_arrives(tmp_path: Path) -> None:
    head = part("files", b"", "a")[:-2]
    with MultipartReceiver(b"x", tmp_path, LIMITS, accept) as receiver:
        receiver.write(head)
        receiver.write(b"y" * 1000)
        with pytest.raises(UploadTooLarge, match="file 1 is larger than 1000"):
            receiver.write(b"y" * 100)


def test_encoded_parts_are_refused(tmp_path: Path) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="files"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    with pytest.raises(ServiceError, match="Content-Transfer-Encoding"):
        received(body, [], tmp_path)
