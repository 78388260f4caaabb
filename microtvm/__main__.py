# SPDX-License-Identifier: Apache-2.0
"""``python -m microtvm`` is the command ``microtvm``."""

import sys

from .entry import main

if __name__ == "__main__":
    sys.exit(main())
