"""One evaluation without pixels for all tests of this folder."""

import pytest

from scripts.rendered.evaluation.studies.context import Evaluation
from tests.scripts.rendered.evaluation.small_echo import build_evaluation


@pytest.fixture(scope="session")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    return build_evaluation(tmp_path_factory.mktemp("evaluation"))
