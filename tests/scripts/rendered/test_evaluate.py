import pytest

from scripts.rendered.evaluate import arguments, main
from scripts.rendered.evaluation.studies.results import Results


def test_a_seed_of_training_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(["--seed", "20001", "--studies", "4"])) == 2
    assert "belongs to mil" in capsys.readouterr().err


def test_what_was_not_measured_fails() -> None:
    results = Results()
    results.at_least("share", 1.0, 0.5)
    assert results.document()["ok"]
    results.at_least("other share", float("nan"), 0.5)
    results.not_measured(["third"], "no decoder")
    document = results.document()
    assert document["failed"] == ["other share", "third"]
    assert document["bars"]["third"]["value"] is None
    assert document["remarks"] == ["no decoder"]
