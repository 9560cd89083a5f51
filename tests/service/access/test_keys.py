"""Keys at rest, in use, revoked, damaged: a secret is nowhere, and what cannot be read opens nothing."""

import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.access.caller import ANYBODY
from service.access.key_file import add_key, read_keys, revoke_key
from service.access.key_ring import KeyRing
from service.access.keys import key_of, new_key
from service.errors import InvalidField, KeyMissing, KeyRefused, KeysUnreadable, ScopeMissing, UnknownKey


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store" / "keys.json"


def test_a_key_is_kept_as_a_hash_that_its_owner_alone_can_read(path: Path) -> None:
    key, text = add_key(path, "lab-a", ("submit", "read"), "gateway")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    secret = text.removeprefix(f"scribe_{key.id}_")
    kept = b"".join(each.read_bytes() for each in path.parent.iterdir() if each.is_file())
    assert secret.encode() not in kept
    assert len(secret) == 43
    assert read_keys(path) == (key,)
    caller = KeyRing(path).caller(text)
    assert (caller.key_id, caller.tenant, caller.scopes) == (key.id, "lab-a", frozenset({"submit", "read"}))
    with pytest.raises(ScopeMissing, match="admin"):
        caller.require("admin")


def test_without_keys_anybody_calls_and_with_the_first_one_nobody_without(path: Path) -> None:
    ring = KeyRing(path)
    assert ring.caller(None) == ring.caller("whatever") == ANYBODY
    key, text = add_key(path, "default", ("read",))
    for wrong in ("", "echo", text[:-1], text + "A", text.swapcase(), text.replace(key.id, "00000000")):
        with pytest.raises(KeyRefused):
            ring.caller(wrong)
    with pytest.raises(KeyMissing):
        ring.caller(None)
    assert ring.caller(text).key_id == key.id


def test_a_revoked_key_opens_nothing_at_once_and_the_last_one_does_not_open_the_door(path: Path) -> None:
    key, text = add_key(path, "default", ("read",))
    ring = KeyRing(path)
    ring.caller(text)
    assert revoke_key(path, key.id).revoked
    with pytest.raises(KeyRefused):
        ring.caller(text)
    with pytest.raises(KeyMissing):
        ring.caller(None)
    with pytest.raises(UnknownKey):
        revoke_key(path, "00000000")


def test_a_file_that_vanishes_or_breaks_or_is_open_to_others_lets_nobody_in(path: Path) -> None:
    _, text = add_key(path, "default", ("read",))
    ring = KeyRing(path)
    ring.caller(text)
    good = path.read_bytes()
    path.chmod(0o644)
    with pytest.raises(KeysUnreadable, match="chmod 600"):
        ring.caller(text)
    path.chmod(0o600)
    for damaged in (good[:-5], b"", b"[]", good.replace(b'"read"', b'"root"'), b"\xff\xfe"):
        path.write_bytes(damaged)
        for _ in range(2):
            with pytest.raises(KeysUnreadable) as error:
                ring.caller(text)
        assert "sha256" not in str(error.value)
    path.unlink()
    with pytest.raises((KeyMissing, KeyRefused)):
        ring.caller(None)
    path.touch(0o600)
    path.write_bytes(good)
    assert ring.caller(text).tenant == "default"


def test_keys_added_at_once_are_all_kept(path: Path) -> None:
    threads = [threading.Thread(target=add_key, args=(path, f"t{n}", ("read",))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(key.tenant for key in read_keys(path)) == [f"t{n}" for n in range(8)]


@pytest.mark.parametrize("tenant", ["", "A", "-a", "a b", "a" * 33, "../x", "ä"])
def test_a_tenant_that_is_no_plain_name_is_refused(tenant: str) -> None:
    with pytest.raises(InvalidField, match="tenant"):
        new_key(tenant, ("read",), "")


@given(st.text(max_size=80))
def test_no_text_but_its_own_opens(text: str) -> None:
    key, own = new_key("default", ("read",), "")
    assert key_of(own, {key.id: key}) == key
    assert key_of(text, {key.id: key}) is None
