"""Pictures as their 8-bit files have them: what becomes of a result that somebody saves."""

from dataclasses import replace
from typing import Any

import torch

from advviz import pictures
from advviz.data import uploads
from advviz.experiments.result import Array
from advviz.protocol import Answer, Call, Query, Respondent


def as_file(pixels: Array) -> str:
    """Store pixels [3, S, S] as their 8-bit file, and return the reference to it."""
    return uploads.store(pictures.png(pictures.photo(pixels)))


class EightBit:
    """A classifier that receives every picture as its 8-bit file has it."""

    def __init__(self, classifier: Respondent) -> None:
        self._classifier = classifier

    def answer(self, query: Query) -> Answer:
        """Round the pictures, and ask."""
        rounded = torch.round(query.images * 255) / 255
        return self._classifier.answer(replace(query, images=rounded))

    def call(self, call: Call) -> Any:
        """Hand a call on."""
        return self._classifier.call(call)
