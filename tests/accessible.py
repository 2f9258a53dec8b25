"""What axe-core, the pinned copy in vendor/, finds wrong with a page for those who cannot see it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

_AXE = (Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js").read_text()
_PINNED = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
"""axe-core 4.14.1, unchanged."""
assert hashlib.sha256(_AXE.encode()).hexdigest() == _PINNED
_ASKED = """async () => (await axe.run(document, { resultTypes: ['violations'] })).violations
    .filter((fault) => ['serious', 'critical'].includes(fault.impact))
    .flatMap((fault) => fault.nodes.map((node) => `${fault.id}: ${node.target.join(' ')}`
        + ` ${node.any.map((why) => why.message).join('; ').slice(0, 200)}`))"""


def faults(page: Any) -> list[str]:
    """The serious and critical faults of what the page shows now."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(f"() => {{ {_AXE} }}")
    found: list[str] = page.evaluate(_ASKED)
    return found
