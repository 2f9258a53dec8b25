"""Measurements: the peer and us on the same work in one run. `./wangge bench NAME [--json]`."""
