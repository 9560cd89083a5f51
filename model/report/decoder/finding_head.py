"""What the decoder's finding head reads off a study's vectors, with neither neighbours nor estimates."""

from collections.abc import Sequence

import torch

from model.device import Placement
from model.report.decoder.decoder import Decoder
from model.report.decoder.finding_values import Seen
from model.report.decoder.prefix import study_tensors
from model.report.language.language import Finding
from model.report.request import WritingRequest


@torch.inference_mode()
def seen_findings(
    decoder: Decoder, requests: Sequence[WritingRequest], placement: Placement
) -> list[dict[str, dict[Finding, Seen]]]:
    """Per request: section → each finding that the head learned, as it sees it. Empty without a head."""
    outputs = decoder.config.findings
    if not outputs or not requests:
        return [{} for _ in requests]
    reported = decoder.read_findings(study_tensors(requests, decoder.config, placement)).float().sigmoid().tolist()
    found: list[dict[str, dict[Finding, Seen]]] = [{} for _ in requests]
    for sections, probabilities in zip(found, reported, strict=True):
        for output, probability in zip(outputs, probabilities, strict=True):
            if output.share > 0:
                seen = sections.setdefault(output.section, {})
                seen[Finding(output.name, output.value)] = Seen(probability, output.share)
    return found
