"""Every test of the API has a fresh site."""

from tests.website import site

__all__ = ["site"]
