"""The examples of the API guide do what it says, against the demo town as it is served."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import Base
from town import TESTER

import api.actions.open311

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(name: str) -> list[tuple[str, str]]:
    return BLOCK.findall((DOCS / name).read_text(encoding="utf-8"))


def run(command: list[str], folder: Path, **told: str) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, f"{command[-1]}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_guide_does_what_it_says(
    server: Callable[..., Base], town: sa.Engine, town_url: str, tmp_path: Path
) -> None:
    missing = [tool for tool in ("curl", "jq") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} NOT INSTALLED: the guide's shell examples need them")
    key = api.actions.open311.add_key(town, "guide", jurisdiction="", per_hour=9, by=TESTER)[1]
    told = {"BASE": str(server(town_url)), "KEY": key, "PYTHONPATH": str(DOCS.parent)}
    found = blocks("api-guide.md")
    shell = [text for kind, text in found if kind == "sh"]
    python = "\n".join(text for kind, text in found if kind == "python")
    assert (len(shell) >= 8, python.count("assert") >= 4) == (True, True)
    for text in shell:
        printed = run(["bash", "-euo", "pipefail", "-c", text], tmp_path, **told)
        assert printed.strip() or "token.txt" in text, text
    run([sys.executable, "-c", python], tmp_path, **told)
    assert (tmp_path / "cases.gpkg").stat().st_size > 0


def test_the_lines_that_check_a_signature_do() -> None:
    [text] = [text for kind, text in blocks("webhooks.md") if kind == "python"]
    names: dict[str, Any] = {}
    exec(compile(text, "webhooks.md", "exec"), names)
    key, body = bytes(24), b'{"type": "x"}'
    secret = "whsec_" + base64.b64encode(key).decode()
    signed = base64.b64encode(hmac.digest(key, b"id.7." + body, hashlib.sha256)).decode()
    headers = {
        "webhook-id": "id", "webhook-timestamp": "7", "webhook-signature": f"v1,old v1,{signed}",
    }  # fmt: skip
    assert names["is_ours"](secret, headers, body)
    assert not names["is_ours"](secret, headers, body + b" ")
    assert not names["is_ours"](secret, {**headers, "webhook-timestamp": "8"}, body)
