"""Who answers for a spec that asks no network of the catalogue."""

from typing import Any

import torch
from torch import nn

from advviz.errors import InvalidInputError
from advviz.protocol import Answer, Call, Query


class NoNetwork:
    """Run a call's function on an empty module; refuse queries."""

    def answer(self, query: Query) -> Answer:
        """Refuse.

        Raises:
            InvalidInputError: always.
        """
        raise InvalidInputError(
            f"a query of {len(query.images)} images needs a model, but this experiment names none; "
            "put it to a network of the experiment's own"
        )

    def call(self, call: Call) -> Any:
        """Run a call's function; gradients are on meanwhile, as for a call to a network."""
        with torch.enable_grad():
            return call.function(nn.Module())
