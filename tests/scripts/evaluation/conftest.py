"""One evaluation without pixels for all tests of this folder."""

import pytest

from scripts.evaluation.context import Evaluation
from tests.scripts.evaluation.small_echo import build_evaluation


@pytest.fixture(scope="session")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    return build_evaluation(tmp_path_factory.mktemp("evaluation"))
