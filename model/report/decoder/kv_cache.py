"""Keys and values that attention has already computed: one memory that grows, one of fixed size."""

from typing import Protocol, Self

import torch


class Memory(Protocol):
    """What attention reads beside its own input."""

    def extend(self, layer: int, keys: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Remembered and new keys and values of a layer, joined; each (R, H, T, W/H)."""


class GrowingMemory:
    """Memory by concatenation: differentiable, for training, for the shared prefix and for the naive twin."""

    def __init__(self, layers: list[tuple[torch.Tensor, torch.Tensor]] | None = None) -> None:
        self.layers = layers or []

    def extend(self, layer: int, keys: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """See Memory."""
        if layer == len(self.layers):
            self.layers.append((keys, values))
        else:
            old_keys, old_values = self.layers[layer]
            self.layers[layer] = (torch.cat([old_keys, keys], 2), torch.cat([old_values, values], 2))
        return self.layers[layer]

    def of_rows(self, rows: torch.Tensor) -> Self:
        """A memory whose row i is row ``rows[i]`` of this one; rows: int64 (R,)."""
        return type(self)([(keys.index_select(0, rows), values.index_select(0, rows)) for keys, values in self.layers])


class KVCache:
    """Memory of fixed size, written in place, so that nothing is allocated while text is decoded.

    keys, values: (L, R, H, capacity, W/H). `length` positions are filled in every row; padding is left to the mask.
    """

    def __init__(self, keys: torch.Tensor, values: torch.Tensor, length: int) -> None:
        self.keys = keys
        self.values = values
        self.length = length

    @classmethod
    def after(cls, memory: GrowingMemory, capacity: int) -> Self:
        """A cache that begins with all that ``memory`` holds and has room for ``capacity`` positions."""
        rows, heads, length, width = memory.layers[0][0].shape
        shape = (len(memory.layers), rows, heads, capacity, width)
        keys = memory.layers[0][0].new_zeros(shape)
        values = torch.zeros_like(keys)
        for layer, (old_keys, old_values) in enumerate(memory.layers):
            keys[layer, :, :, :length] = old_keys
            values[layer, :, :, :length] = old_values
        return cls(keys, values, length)

    def extend(self, layer: int, keys: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """See Memory. The new positions count only after `advance`: every layer writes to the same place."""
        end = self.length + keys.shape[2]
        self.keys[layer, :, :, self.length : end] = keys
        self.values[layer, :, :, self.length : end] = values
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]

    def advance(self, positions: int) -> None:
        """Counts positions that all layers have written."""
        self.length += positions

    def of_rows(self, rows: torch.Tensor) -> Self:
        """A cache of the rows that go on; rows: int64 (R,)."""
        return type(self)(self.keys.index_select(1, rows), self.values.index_select(1, rows), self.length)
