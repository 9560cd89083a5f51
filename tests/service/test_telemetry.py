"""Log lines are JSON with our own fields only; what libraries and exceptions say is left out."""

import io
import json
import logging
import sys

from service.telemetry import JsonLines, Metrics, log_event, request_scope


def lines(log: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_an_event_has_its_fields_and_its_request(log: io.StringIO) -> None:
    with request_scope("r-1"):
        log_event("study_accepted", study_id="s-1", files=3)
    (line,) = lines(log)
    assert line.pop("time")
    assert line == {"level": "info", "event": "study_accepted", "request_id": "r-1", "study_id": "s-1", "files": 3}


def test_a_fault_is_its_class_and_where_it_was(log: io.StringIO) -> None:
    try:
        int("JANE^DOE")
    except ValueError as error:
        log_event("study_failed", fault=error)
    (line,) = lines(log)
    assert line["fault"] == "ValueError"
    assert "test_telemetry.py" in str(line["frames"])
    assert "JANE" not in json.dumps(line)


def test_libraries_are_named_and_not_quoted(log: io.StringIO) -> None:
    logging.getLogger("third.party").warning("Invalid value for VR PN: 'JANE^DOE'")
    logging.getLogger("py.warnings").warning("%s", "UserWarning: JANE^DOE")  # where captureWarnings sends them
    logging.getLogger("uvicorn.error").info("Started server process [%d]", 7)
    first, second, third = lines(log)
    assert (first["event"], first["logger"]) == ("library", "third.party")
    assert second["logger"] == "py.warnings"
    assert third["message"] == "Started server process [7]"
    assert "JANE" not in json.dumps([first, second])


def test_a_library_fault_is_not_quoted_either() -> None:
    try:
        raise RuntimeError("JANE^DOE")
    except RuntimeError:
        record = logging.LogRecord(
            "uvicorn.error", logging.ERROR, __file__, 1, "failed: JANE^DOE", None, sys.exc_info()
        )
    assert "JANE" not in JsonLines().format(record)


def test_two_apps_have_metrics_of_their_own() -> None:
    first, second = Metrics(), Metrics()
    first.rejections.labels("queue_full").inc()
    assert first.registry.get_sample_value("echoscribe_rejections_total", {"reason": "queue_full"}) == 1
    assert second.registry.get_sample_value("echoscribe_rejections_total", {"reason": "queue_full"}) is None
