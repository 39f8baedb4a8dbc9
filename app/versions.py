"""Of which version this product is, and the libraries it runs on."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def product() -> str:
    """The version of Mapwright; `0` where it is run without having been installed."""
    try:
        return version("mapwright")
    except PackageNotFoundError:
        return _of_checkout()


def _of_checkout() -> str:
    config = Path(__file__).resolve().parents[1] / "setup.cfg"
    lines = config.read_text("utf-8").splitlines() if config.is_file() else []
    return next((line.partition("=")[2].strip() for line in lines if line.startswith("version")), "0")


VERSION = product()
