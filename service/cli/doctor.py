"""What `echoscribe doctor` checks: the machine, the decoders, the bundle, the bank. Each finding says what to do."""

import errno
import os
import platform
import resource
import shutil
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import av
import torch

from index.candidate_bank import CandidateBank
from index.errors import BankError
from index.faiss_search import faiss_distribution
from model.bundle import read_bundle
from model.errors import BundleError, LanguageError
from model.report.language.language import Language
from model.report.language.translation import Translation
from service.arithmetic import placement_of, to_be_checked
from service.arithmetic_check import settle_arithmetic
from service.artifacts import pipeline_of
from service.causes import cause_of
from service.cli.gpu_requirements import gpu_requirements
from service.errors import ArtifactError, NotReady, StoreUnavailable
from service.http.healthcheck import is_alive
from service.ingest.decoding.decoder_pool import decoder_pool
from service.settings import PostgresPlace, Settings
from service.site.language_coverage import coverage_of
from service.study.conditions import LEAST_STORE_BYTES, descriptor_trouble

_FREE_BYTES_WANTED = 2 << 30  # uploads of a large study (1 GiB, service limit) twice over


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `ok` False means that it would not work."""

    what: str
    ok: bool
    text: str


def diagnose(settings: Settings, *, verify: bool) -> Iterator[Finding]:
    """Findings one by one, the quick ones first; `verify` also hashes every block of the bank."""
    yield Finding("python", sys.version_info >= (3, 11), platform.python_version())
    yield _device(settings)
    requirements = gpu_requirements()
    yield Finding("gpu", requirements.met, requirements.text())
    yield _search_library()
    yield Finding("video", "h264" in av.codecs_available, f"PyAV {av.__version__}, H.264 decoder")
    lossless = find_spec("libjpeg") is not None
    text = "installed" if lossless else "absent: such clips are skipped; extra [jpeg-lossless] adds it (GPL)"
    yield Finding("jpeg lossless", True, text)
    yield _decoders(settings)
    yield _uploads(settings.upload_folder)
    yield _store(settings.results_place)
    yield _descriptors()
    yield _port(settings)
    yield _bundle(settings)
    yield _bank(settings, verify=verify)
    yield from _language(settings)
    yield from _together(settings)


def _device(settings: Settings) -> Finding:
    try:
        placement = placement_of(settings)
    except ValueError as error:
        return Finding("device", False, str(error))
    return Finding("device", True, f"{placement.device} ({placement.reason}); torch {torch.__version__}")


def _search_library() -> Finding:
    try:
        return Finding("search library", True, faiss_distribution())
    except BankError as error:
        return Finding("search library", False, str(error))


def _decoders(settings: Settings) -> Finding:
    if settings.decoding == "in_process":
        return Finding("decoders", True, "none: files are read in the service's own process (ECHOSCRIBE_DECODING)")
    pool = decoder_pool()
    try:
        pool.wait_until_ready()
    except NotReady as error:
        return Finding("decoders", False, str(error))
    network = "no network" if pool.network_is_cut else "NETWORK NOT CUT OFF"
    return Finding("decoders", True, f"{settings.decoder_memory_bytes >> 20} MiB each, {network}")


def _uploads(folder: Path) -> Finding:
    try:
        free = _free_bytes(folder)
    except OSError as error:
        return Finding("uploads", False, f"{folder}: {cause_of(error)} (ECHOSCRIBE_UPLOAD_FOLDER)")
    wanted = _FREE_BYTES_WANTED
    text = f"{folder}: {free >> 20} MiB free"
    if free < wanted:
        text += f", {wanted >> 20} MiB wanted; free some, or move it (ECHOSCRIBE_UPLOAD_FOLDER)"
    return Finding("uploads", free >= wanted, text)


def _store(path: Path | PostgresPlace) -> Finding:
    if isinstance(path, PostgresPlace):
        return _database(path)
    try:
        free = _free_bytes(path.parent)
        damage = store_damage(path)
    except OSError as error:
        return Finding("store", False, f"{path}: {cause_of(error)} (ECHOSCRIBE_STORE)")
    if damage is not None:
        return Finding("store", False, f"{path}: {damage} (ECHOSCRIBE_STORE)")
    text = f"{path}: {free >> 20} MiB free"
    if free < LEAST_STORE_BYTES:
        text += f", {LEAST_STORE_BYTES >> 20} MiB needed; free some, or move it (ECHOSCRIBE_STORE)"
    return Finding("store", free >= LEAST_STORE_BYTES, text)


def store_damage(path: Path) -> str | None:
    """What is wrong with the file of results, None where nothing is or where there is none yet. Nothing is written."""
    if not path.exists():
        return None
    if not path.is_file():
        return "is no file"
    if not os.access(path, os.W_OK):
        return "this user may not write it"
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)) as connection:
            said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        return cause_of(error)
    return None if said == "ok" else "it is damaged; restore it from a backup, or move it away to begin a new one"


def _descriptors() -> Finding:
    trouble = descriptor_trouble()
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return Finding("file descriptors", not trouble, trouble or f"{limit} may be open")


def _port(settings: Settings) -> Finding:
    """Whether the service could listen; one that answers there already is told apart from a stranger."""
    where = f"{settings.host}:{settings.port}"
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((settings.host, settings.port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE and is_alive(settings.host, settings.port):
                return Finding("port", True, f"{where}: an EchoScribe serves there already")
            return Finding("port", False, f"{where}: {cause_of(error)} (ECHOSCRIBE_HOST, ECHOSCRIBE_PORT)")
    return Finding("port", True, f"{where} is free")


def _database(place: PostgresPlace) -> Finding:
    from service.store.postgresql import PostgresDatabase  # its driver is an extra

    try:
        database = PostgresDatabase(place)
        try:
            return Finding("store", True, f"{database.place}: {database.server_version()}")
        finally:
            database.close()
    except StoreUnavailable as error:
        return Finding("store", False, str(error))


def _free_bytes(folder: Path) -> int:
    """Bytes free where the folder is or would be made. Raises OSError where nothing can be written or made there."""
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    with tempfile.TemporaryFile(dir=there):  # permission bits do not tell of read-only mounts
        return shutil.disk_usage(there).free


def _bundle(settings: Settings) -> Finding:
    try:
        manifest = read_bundle(settings.bundle)
    except BundleError as error:
        return Finding("bundle", False, str(error))
    state = "trained" if manifest.trained else "UNTRAINED"
    return Finding("bundle", True, f"{manifest.name}: {state}, {manifest.domain}, {len(manifest.files)} files match")


def _bank(settings: Settings, *, verify: bool) -> Finding:
    try:
        bank = CandidateBank.open(settings.bank, encoder_sha256=None)
        blocks = sum(1 for _ in bank.verify_blocks()) if verify else 0
    except BankError as error:
        return Finding("bank", False, str(error))
    checked = f"all {blocks} blocks match" if verify else "blocks not hashed (--verify does)"
    return Finding("bank", True, f"{bank.manifest.name}: {bank.manifest.candidates} candidates, {checked}")


def _language(settings: Settings) -> Iterator[Finding]:
    """What the bundle's language understands of the bank's phrases, where it leaves any of them out."""
    try:
        manifest = read_bundle(settings.bundle)
        phrases = CandidateBank.open(settings.bank, encoder_sha256=None).phrases
        if manifest.phrases is None:
            yield Finding("language", True, "the bundle brings none: reports are quoted, not written")
            return
        language = Language.read(settings.bundle / manifest.phrases)
        files = {tag: settings.bundle / name for tag, name in manifest.languages.items()}
        translated = {tag: Translation.read(path, language).language.by_id.keys() for tag, path in files.items()}
    except (BundleError, BankError, LanguageError) as error:
        yield Finding("language", False, str(error))
        return
    parts = list(coverage_of(phrases, language, manifest.sections, translated))
    lacking = [part for part in parts if part.understood < part.phrases]
    total, understood = sum(part.phrases for part in parts), sum(part.understood for part in parts)
    yield Finding("language", True, f"{language.language}: {understood} of {total} phrases of the bank understood")
    yield from (Finding("language", True, part.text()) for part in lacking)


def _together(settings: Settings) -> Iterator[Finding]:
    """Whether bundle and bank load together; and, once for a machine, in which arithmetic they answer soonest."""
    try:
        pipeline = pipeline_of(settings)
    except (BundleError, BankError, ArtifactError, ValueError) as error:
        yield Finding("pipeline", False, str(error))
        return
    lacking = "".join(f"; {lang!r} lacks {words}" for lang, words in pipeline.languages.lacking.items())
    languages = ", ".join(pipeline.languages.tags)
    told = f"loads; report modes {', '.join(pipeline.modes)}; languages {languages}{lacking}"
    if pipeline.writer is None:
        told += f". For more: echoscribe train decoder --bundle {settings.bundle} --bank {settings.bank} --out B2"
    yield Finding("pipeline", True, told)
    if to_be_checked(settings) is not None:
        settle_arithmetic(pipeline, settings)
    placement = placement_of(settings)
    yield Finding("arithmetic", True, f"{str(placement.dtype).removeprefix('torch.')}: {placement.reason}")
