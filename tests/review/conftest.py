"""The held month of this folder's tests."""

from tests.review.workspaces import held_month, place

__all__ = ["held_month", "place"]
