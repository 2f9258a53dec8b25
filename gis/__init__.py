"""The ground: pure rules about cells, places, people and cases. No web, no database, no files."""
