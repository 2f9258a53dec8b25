"""An invented town: nobody lives there and no real place is meant."""
