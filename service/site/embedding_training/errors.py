"""Errors of training on embeddings.

MaterialError
├── TaxonomyFileError  the YAML or JSON that names sections and phenotypes
├── EmbeddingsError    the `.npy` as a whole does not fit the manifest or the taxonomy
└── TooLittle          nothing, or too little, is left to train on
"""


class MaterialError(Exception):
    """Manifest, embeddings and reports that cannot be trained on."""


class TaxonomyFileError(MaterialError):
    """The taxonomy; the message names the file and field."""


class EmbeddingsError(MaterialError):
    """The embeddings; the message names the file, its value and the limit."""


class TooLittle(MaterialError):
    """What is left; the message names the count and the limit."""
