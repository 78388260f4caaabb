# SPDX-License-Identifier: Apache-2.0
"""Notices that the client has gone while the server works.

The main thread reads the request pipe only between requests; a build may take minutes and a read
may wait forever. A thread polls both pipes for hang-ups meanwhile: it reads and costs nothing.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time

#: Seconds in which requests still in the pipe may be answered after its other end was closed, as
#: in ``printf '...' | microtvm_api_server.py --read-fd 0 --write-fd 1``.
GRACE_SEC = 2.0
#: Seconds for the main thread to clean up. Everything it does then has a shorter limit of its own.
CLEAN_UP_SEC = 15.0


def start(request_fd: int, reply_fd: int) -> None:
    """Watch two pipes from a thread that ends with the process.

    Parameters
    ----------
    request_fd, reply_fd : int
        Where requests are read and replies are written.
    """
    threading.Thread(target=_watch, args=(request_fd, reply_fd), daemon=True).start()


def _watch(request_fd: int, reply_fd: int) -> None:
    # A signal to the process must interrupt the main thread's system call, not this one.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
    poller = select.poll()
    poller.register(request_fd, 0)
    poller.register(reply_fd, 0)
    hung_up = [fd for fd, _ in poller.poll()]
    if reply_fd not in hung_up:
        poller.unregister(request_fd)
        poller.poll(GRACE_SEC * 1000)
    main_thread = threading.main_thread().ident
    assert main_thread is not None
    signal.pthread_kill(main_thread, signal.SIGTERM)
    time.sleep(CLEAN_UP_SEC)
    os._exit(1)
