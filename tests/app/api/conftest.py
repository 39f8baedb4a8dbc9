"""Every test of the API has a fresh site."""

from tests.app.api.fronted import way
from tests.website import furnished, site

__all__ = ["furnished", "site", "way"]
