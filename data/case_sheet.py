"""案卷 that a sheet of another system brings: every one begins, or goes on, with an event of it."""

from __future__ import annotations

from data.intake import IN_AREA, PLACED, Target

CASES = Target(
    "case_file",
    ("code",),
    {
        "code": "text",
        "title": "text",
        "class_code": "text",
        "state": "text",
        "reported_at": "timestamptz",
        "due_at": "timestamptz",
        "closed_at": "timestamptz",
        "address": "text",
        "description": "text",
        "accuracy_m": "float8",
        **PLACED,
        **IN_AREA,
    },
)
