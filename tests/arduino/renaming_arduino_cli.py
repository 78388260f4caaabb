#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""NOT arduino-cli: it acts out a board that comes back under another name after an upload.

No emulated board here has USB of its own. The upload is that of the stand-in; then the link to the
port is renamed, and the reply names the new one as arduino-cli 0.35 and later do.
"""

import json
import os
import pathlib
import subprocess
import sys

STAND_IN = pathlib.Path(__file__).with_name("stand_in_arduino_cli.py")

done = subprocess.run(
    [sys.executable, STAND_IN, *sys.argv[1:]], stdout=subprocess.PIPE, check=False
)
reply = json.loads(done.stdout)
if sys.argv[1] == "upload" and done.returncode == 0:
    port = reply["updated_upload_port"]["address"]
    reply["updated_upload_port"]["address"] = f"{port}-again"
    os.rename(port, f"{port}-again")
print(json.dumps(reply))
sys.exit(done.returncode)
