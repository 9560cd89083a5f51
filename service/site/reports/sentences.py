"""Report text → sentences: those of `model/report/clinical_text/sentences.py`."""

from model.report.clinical_text.sentences import split_sentences

__all__ = ["split_sentences"]
