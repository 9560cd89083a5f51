"""The finding head reads each finding from its own section's vector, and is asked only for what it learned."""

import pytest
import torch
from pydantic import ValidationError

from model.report.decoder.decoder_config import DecoderConfig
from model.report.decoder.finding_head import seen_findings
from model.report.decoder.prefix import study_tensors
from model.report.language.language import Finding
from tests.model.report.bridge import CPU, config, decoder, request
from tests.model.report.bridge_training import headed


def test_every_finding_is_read_from_its_sections_vector() -> None:
    """The slow twin: one finding of one study after the other."""
    own, requests = headed(1, scale=3.0), [request(seed) for seed in range(4)]
    assert own.finding_head is not None
    with torch.no_grad():
        hidden = own.read_vectors(study_tensors(requests, own.config, CPU))
        found = seen_findings(own, requests, CPU)
        for study, sections in enumerate(found):
            for column, output in enumerate(own.config.findings):
                vector = hidden[study, own.config.sections.index(output.section)]
                logit = vector @ own.finding_head.weight[column] + own.finding_head.bias[column]
                reported = sections[output.section][Finding(output.name, output.value)]
                assert reported.probability == pytest.approx(float(logit.sigmoid()), abs=1e-5)
                assert reported.share == output.share


def test_what_it_never_learned_it_is_not_asked_for() -> None:
    own = headed()
    shares = [0.0 if output.value == "cracked" else output.share for output in own.config.findings]
    changed = [output.model_copy(update={"share": s}) for output, s in zip(own.config.findings, shares, strict=True)]
    own.config = own.config.model_copy(update={"findings": tuple(changed)})
    found = seen_findings(own, [request()], CPU)[0]
    assert Finding("deck", "cracked") not in found["Deck"]
    assert Finding("deck", "sound") in found["Deck"]


def test_a_decoder_without_a_head_sees_nothing() -> None:
    assert seen_findings(decoder(), [request(), request(1)], CPU) == [{}, {}]
    assert decoder().read_findings(study_tensors([request()], config(), CPU)).shape == (1, 0)


def test_findings_of_a_section_that_is_not_there_are_refused() -> None:
    fields = headed().config.model_dump()
    fields["findings"][0]["section"] = "Railing"
    with pytest.raises(ValidationError, match="Railing"):
        DecoderConfig.model_validate(fields)
