"""Files in and out: what a file is, whether it is safe to open, reading and writing it."""
