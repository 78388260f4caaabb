#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""NOT arduino-cli: it acts out a board that misses its reset at the first upload.

The emulated board never does. What is said then is what avrdude says of such a board; all else is
the stand-in's. ``FAILED_ONCE`` names a file that is there once it has failed.
"""

import json
import os
import pathlib
import subprocess
import sys

STAND_IN = pathlib.Path(__file__).with_name("stand_in_arduino_cli.py")
SAID = "avrdude: stk500v2_getsync(): timeout communicating with programmer"

failed = pathlib.Path(os.environ["FAILED_ONCE"])
if sys.argv[1] == "upload" and not failed.exists():
    failed.touch()
    print(json.dumps({"stdout": "", "stderr": SAID, "error": "Failed uploading: exit status 1"}))
    sys.exit(1)
sys.exit(subprocess.run([sys.executable, STAND_IN, *sys.argv[1:]], check=False).returncode)
