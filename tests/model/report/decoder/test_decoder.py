"""An untrained decoder: what it begins with."""

import torch

from model.report.decoder.decoder import build_decoder
from service.site.decoder_training.finding_table import with_findings
from tests.model.report.bridge import LANGUAGE, config
from tests.model.report.bridge_training import training_rows

HEADED = with_findings(config(), LANGUAGE, training_rows(12))


def test_equal_seeds_give_equal_weights_whatever_was_drawn_before() -> None:
    torch.manual_seed(1)
    first = build_decoder(HEADED, 5).state_dict()
    torch.manual_seed(2)
    again, other = build_decoder(HEADED, 5).state_dict(), build_decoder(HEADED, 6).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["token.weight"], other["token.weight"])


def test_the_finding_head_begins_with_how_often_each_finding_is_stated() -> None:
    head = build_decoder(HEADED).finding_head
    assert head is not None
    shares = torch.tensor([finding.share for finding in HEADED.findings])
    torch.testing.assert_close(head.bias.detach().sigmoid(), shares.clamp(1e-3, 1 - 1e-3), rtol=1e-4, atol=1e-6)
