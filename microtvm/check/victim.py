# SPDX-License-Identifier: Apache-2.0
"""A client made to be killed. Run as a program: it starts a server, sends requests and waits.

The one argument is JSON: ``command`` (the server's, without descriptors), ``directory``,
``answered`` (lines whose replies are awaited) and ``last`` (a line whose reply is not).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time


def main() -> None:
    """Get the server to where it should be, say so, and wait for the end."""
    plan = json.loads(sys.argv[1])
    request_read, request_write = os.pipe()
    reply_read, reply_write = os.pipe()
    subprocess.Popen(
        [*plan["command"], "--read-fd", str(request_read), "--write-fd", str(reply_write)],
        pass_fds=(request_read, reply_write),
        cwd=plan["directory"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(request_read)
    os.close(reply_write)
    with os.fdopen(request_write, "w") as requests, os.fdopen(reply_read) as replies:
        for line in plan["answered"]:
            print(line, file=requests, flush=True)
            reply = json.loads(replies.readline())
            if reply.get("error") is not None:
                sys.exit(f"error {reply['error'].get('code')}: {reply['error'].get('message')}")
        print(plan["last"], file=requests, flush=True)
        print("ready", flush=True)
        time.sleep(3600)


if __name__ == "__main__":
    main()
