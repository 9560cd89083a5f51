"""Reads clinical sentences with a lexicon and tables that a modality brings. Knows no organ."""
