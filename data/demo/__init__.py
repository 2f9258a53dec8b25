"""An invented town: nobody lives there and no real place is meant."""

from data.demo.load import load
from data.demo.sizes import SIZES

__all__ = ["SIZES", "load"]
