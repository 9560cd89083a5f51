"""Versions of a report: edited, signed, amended."""
