"""An invented town: nobody lives there and no real place is meant.

`data.demo.load.load` fills an empty store with it; it is imported when there is a town to load.
"""

from data.demo.sizes import SIZES

__all__ = ["SIZES"]
