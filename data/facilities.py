"""设施 in the store."""

from data.intake import PLACED, Target

FACILITIES = Target(
    "facility",
    ("code",),
    {
        "code": "text",
        "name": "text",
        "kind": "text",
        "category": "text",
        "class_code": "text",
        "address": "text",
        "phone": "text",
        "hours": "text",
        "valid_from": "date",
        "valid_to": "date",
        **PLACED,
    },
)
