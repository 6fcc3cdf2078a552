"""Records -> scored pairs: blocking, comparison, training, scoring. See README.md."""

from __future__ import annotations

from matcher.pairs.model import LinkageModel, TrainedModel, load_model
from matcher.pairs.score import Scored, score_pairs

__all__ = ["LinkageModel", "Scored", "TrainedModel", "load_model", "score_pairs"]
