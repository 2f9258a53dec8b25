"""The schema, step by step: numbered and named, each with its way back."""
