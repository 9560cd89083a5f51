"""Errors of training a decoder on a bank.

BankTrainingError
├── UnusableBank     the bank or its bundle lacks what a decoder learns from
├── UnusableStudies  the folder of encoded studies
└── TrainingStopped  the disk is full, or another training is in the folder
"""


class BankTrainingError(Exception):
    """A training that cannot be done; the message names the folder and what would mend it."""


class UnusableBank(BankTrainingError):
    """The message names the bank or bundle, what it lacks and what to do."""


class UnusableStudies(BankTrainingError):
    """The message names the file, its value and the limit."""


class TrainingStopped(BankTrainingError):
    """What is done is kept; the message says how to go on."""
