"""What is shown: pages, layers and styles. Shows values, never asks the database."""
