# SPDX-License-Identifier: Apache-2.0
"""``python bridge.py PORT`` joins a port to standard input and output, as ``nc`` joins a socket."""

from __future__ import annotations

import os
import select
import sys


def main() -> None:
    """Carry bytes both ways until one side ends."""
    port = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
    other = {0: port, port: 1}
    while True:
        for source in select.select([0, port], [], [])[0]:
            data = os.read(source, 4096)
            if not data:
                return
            while data:
                data = data[os.write(other[source], data) :]


if __name__ == "__main__":
    main()
