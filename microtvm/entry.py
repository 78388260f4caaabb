# SPDX-License-Identifier: Apache-2.0
"""Where the command ``microtvm`` starts: Ctrl-C ends it without a traceback while it starts.

Importing takes most of the first tenths of a second, and is no place for KeyboardInterrupt: it is
raised in the middle of somebody's module.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any


def _leave(*_: Any) -> None:
    os.write(2, b"microtvm: interrupted\n")
    os._exit(130)


def main() -> int:
    """Run the command; see `microtvm.cli.main`."""
    signal.signal(signal.SIGINT, _leave)
    from .cli import main as run

    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return run()
    finally:
        sys.stdout.flush()
        signal.signal(signal.SIGINT, _leave)
