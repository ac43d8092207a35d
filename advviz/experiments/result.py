"""What a finished experiment leaves: named arrays and named facts, nothing drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """Arrays on the CPU that nobody may change, and facts that fit into JSON."""

    arrays: Mapping[str, Array]
    facts: Mapping[str, Any]

    @classmethod
    def of(cls, arrays: Mapping[str, Any], facts: Mapping[str, Any]) -> "Result":
        """Freeze arrays (or CPU tensors) and facts."""
        frozen = {}
        for name, value in arrays.items():
            array = np.array(np.asarray(value), order="C")  # a copy: tensors share memory
            array.setflags(write=False)
            frozen[name] = array
        return cls(MappingProxyType(frozen), MappingProxyType(dict(facts)))

    @property
    def nbytes(self) -> int:
        """Count the bytes of all arrays."""
        return sum(array.nbytes for array in self.arrays.values())
