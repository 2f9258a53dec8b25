"""The command line by theme: each command reads its words, calls one act, shows the outcome."""
