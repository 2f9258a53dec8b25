"""The door: HTTP, command line, who may do what, the acts."""
