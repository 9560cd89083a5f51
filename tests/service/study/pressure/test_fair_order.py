"""Clients take turns; the order of one client's own studies stays."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import QueueFull
from service.run_options import RunOptions
from service.study.job import Permit, StudyJob
from service.study.pressure.fair_order import FairOrder
from service.study.pressure.places import Places
from service.study.report_form import ReportForm
from service.study.upload import Upload


def job(client: str | None, name: str) -> StudyJob:
    made = StudyJob(Upload(Path(), (), ReportForm(), ""), RunOptions(study_id=name), Permit(lambda: None))
    made.client = client
    return made


def run_all(order: FairOrder) -> list[str]:
    ran = []
    while len(order):
        first = next(iter(order))
        order.begin(first)
        ran.append(first.study_id)
    return ran


def test_who_posted_one_waits_for_one_of_each_other() -> None:
    order = FairOrder()
    for name in ("a1", "a2", "a3", "a4", "b1", "c1", "c2"):
        order.add(job(name[0], name))
    assert run_all(order) == ["a1", "b1", "c1", "a2", "c2", "a3", "a4"]


def test_a_client_that_was_away_gets_the_next_turn_and_no_more() -> None:
    order = FairOrder()
    for name in ("a1", "a2", "a3", "a4"):
        order.add(job("a", name))
    order.begin(next(iter(order)))
    order.begin(next(iter(order)))
    for name in ("b1", "b2", "b3"):
        order.add(job("b", name))
    assert run_all(order) == ["a3", "b1", "a4", "b2", "b3"]


@given(st.lists(st.sampled_from([None, "a", "b", "c"]), max_size=30))
def test_nothing_is_lost_and_a_clients_own_order_stays(clients: list[str | None]) -> None:
    order = FairOrder()
    for number, client in enumerate(clients):
        order.add(job(client, str(number)))
    ran = run_all(order)
    assert sorted(ran, key=int) == [str(number) for number in range(len(clients))]
    for client in set(clients):
        own = [int(name) for name in ran if clients[int(name)] == client]
        assert own == sorted(own)
    waits = {
        client: [place for place, name in enumerate(ran) if clients[int(name)] == client] for client in set(clients)
    }
    assert all(places[0] < len(waits) for places in waits.values())


def test_without_clients_it_is_a_plain_queue() -> None:
    order = FairOrder()
    for name in ("1", "2", "3"):
        order.add(job(None, name))
    assert run_all(order) == ["1", "2", "3"]


def test_one_client_cannot_hold_every_place() -> None:
    places = Places(8, 0.75)
    for _ in range(6):
        places.require_one("a", 9)
        places.take("a")
    with pytest.raises(QueueFull, match="6 of your studies") as error:
        places.require_one("a", 9)
    assert (error.value.limit, error.value.retry_after_seconds) == (6, 9)
    for _ in range(2):
        places.require_one("b", 9)
        places.take("b")
    with pytest.raises(QueueFull, match="8 studies"):
        places.require_one("c", 9)
    places.give_back("a")
    places.require_one("a", 9)
    assert places.held == 7


def test_where_nobody_is_told_apart_all_places_are_everybodys() -> None:
    places = Places(4, 0.5)
    for _ in range(4):
        places.require_one(None, 1)
        places.take(None)
    with pytest.raises(QueueFull):
        places.require_one(None, 1)
