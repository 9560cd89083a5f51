"""POST /embeddings: off by default, and a value that nothing keeps where it is on."""

import asyncio
from pathlib import Path

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient

from service.client import AsyncEchoScribeClient, EchoScribeClient
from service.documents.study_vectors import StudyVectors, VectorsDocument
from service.http.app import create_app
from tests.service.conftest import MakeSettings, Serve, uploads_left
from tests.service.invented import InventedPipeline, invented_workings

FILES = [("files", ("a", b"clip")), ("files", ("b", b"still")), ("files", ("c", b"another"))]


def test_it_is_off_unless_the_settings_say_otherwise(client: TestClient, pipeline: InventedPipeline) -> None:
    runs = pipeline.runs
    refused = client.post("/embeddings", files=FILES)
    assert (refused.status_code, refused.json()["code"]) == (403, "embeddings_off")
    assert "ECHOSCRIBE_EMBEDDINGS" in refused.json()["detail"]
    assert pipeline.runs == runs


def test_shadow_mode_gives_out_no_vectors_either(serve: Serve) -> None:
    with serve(embeddings=True, shadow=True) as client:
        assert client.post("/embeddings", files=FILES).json()["code"] == "shadow_mode"


def test_vectors_come_with_their_names_and_nothing_is_kept(serve: Serve) -> None:
    with serve(embeddings=True) as client:
        answer = client.post("/embeddings", files=FILES, headers={"Idempotency-Key": "one"})
        assert answer.status_code == 200, answer.text
        document = VectorsDocument.model_validate(answer.json())
        assert document.clips == [1, 3]
        assert [one.model_dump() for one in document.skipped] == [{"clip": 2, "panel": None, "reason": "still_image"}]
        assert document.clip_embeddings == [[1.0, 0.5, -0.25], [3.0, 0.5, -0.25]]
        assert (document.views, document.sections, document.assessed) == (["front"], ["Body"], [True])
        assert document.provenance["licence_notice"] == "MIT"
        assert client.get(f"/report/{document.study_id}").status_code == 404
        assert client.get("/phenotypes").json()["studies"] == []
        assert uploads_left(client.app) == []  # type: ignore[arg-type]  # ours
        assert 'echoscribe_studies_total{outcome="embedded"} 1.0' in client.get("/metrics").text
        again = client.post("/embeddings", files=FILES, headers={"Idempotency-Key": "one"})
        assert again.json()["study_id"] != document.study_id  # nothing was kept that a key could find


def test_its_faults_are_problems(serve: Serve, pipeline: InventedPipeline) -> None:
    with serve(embeddings=True) as client:
        assert client.post("/embeddings?mode=rag", files=FILES).json()["code"] == "invalid_field"
        assert client.post("/embeddings", content=b"no form").status_code == 415
        pipeline.fault = RuntimeError("broken")
        assert client.post("/embeddings", files=FILES).status_code == 500
        pipeline.fault = None
        assert client.post("/embeddings", files=FILES).status_code == 200


def test_both_clients_return_arrays(make_settings: MakeSettings, pipeline: InventedPipeline, tmp_path: Path) -> None:
    files = [tmp_path / "a.dcm", tmp_path / "b.dcm"]
    for path in files:
        path.write_text(path.stem)
    app = create_app(make_settings(embeddings=True), invented_workings(pipeline))

    async def talk() -> StudyVectors:
        async with (
            app.router.lifespan_context(app),
            AsyncEchoScribeClient(
                "http://localhost", transport=httpx.ASGITransport(app), patience_seconds=10
            ) as client,
        ):
            return await client.embeddings(files)

    vectors = asyncio.run(talk())
    assert vectors.clip_embeddings.dtype == np.float32
    assert vectors.clips == (1, 2)

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/embeddings"
        return httpx.Response(200, text=vectors.document("x").model_dump_json())

    with EchoScribeClient("http://service", transport=httpx.MockTransport(answer)) as client:
        assert np.array_equal(client.embeddings(files).clip_embeddings, vectors.clip_embeddings)


@pytest.mark.parametrize("clips", [0, 2])
def test_a_file_is_read_as_it_was_written(clips: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    vectors = StudyVectors(
        clip_embeddings=rng.standard_normal((clips, 3)).astype(np.float32),
        view_probabilities=np.ones((clips, 1), np.float32),
        views=("front",),
        clips=tuple(range(1, clips + 1)),
        panels=(None, 2)[:clips],
        sha256=("a", "b")[:clips],
        section_vectors=np.zeros((2, 3), np.float32),
        assessed=np.array([False, clips > 0]),
        sections=("Body", "Tail"),
        provenance={"bundle": "invented", "encoder_sha256": None},
    )
    file = tmp_path / "X.npz"
    vectors.write(file)
    read = StudyVectors.read(file)
    for name in ("clip_embeddings", "view_probabilities", "section_vectors", "assessed"):
        assert np.array_equal(getattr(read, name), getattr(vectors, name))
        assert getattr(read, name).dtype == getattr(vectors, name).dtype
    for name in ("views", "clips", "panels", "sha256", "sections", "skipped", "provenance"):
        assert getattr(read, name) == getattr(vectors, name)


def test_another_file_is_refused_by_name(tmp_path: Path) -> None:
    other = tmp_path / "other.npz"
    np.savez(other, vectors=np.zeros(3))
    with pytest.raises(ValueError, match=r"other\.npz: is no file of `echoscribe embed`"):
        StudyVectors.read(other)
    torn = tmp_path / "torn.npz"
    torn.write_bytes(b"PK\x03\x04")
    with pytest.raises(ValueError, match=r"torn\.npz"):
        StudyVectors.read(torn)
