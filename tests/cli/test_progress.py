"""What takes long shows how far it is, where somebody looks on."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from coster.cli.output import Exit
from tests.cli.conftest import Shop, start


def test_import_shows_a_bar_on_a_terminal(shop: Shop, tmp_path: Path) -> None:
    """Bytes, and rows with what became of them, on standard error; standard output has the sum only."""
    file = tmp_path / "orders.ndjson"
    file.write_text('{"channel": "web"}\n' * 30)
    screen, terminal = os.openpty()
    told: list[bytes] = []

    def look() -> None:
        while piece := os.read(screen, 4096):
            told.append(piece)
            if piece.endswith(b"gone"):
                return

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    env = {**shop.env, "TERM": "xterm", "COLUMNS": "120"}
    with start("import", "orders", str(file), env=env, stderr=terminal) as process:
        out, _ = process.communicate(timeout=60)
    os.write(terminal, b"gone")
    watching.join(10)
    os.close(terminal)
    shown = b"".join(told).decode()
    assert (process.returncode, out.decode()) == (
        Exit.ROWS_FAILED,
        "orders: 30 rows, 0 accepted, 30 refused.\n",
    )
    assert "━" in shown
    assert "570/570 bytes" in shown
    assert "30 rows, 0 accepted, 30 refused" in shown
