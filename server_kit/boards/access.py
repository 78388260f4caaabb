# SPDX-License-Identifier: Apache-2.0
"""Who may open a device, and the command that lets them."""

from __future__ import annotations

import os
import stat

_GROUP_MAY = stat.S_IRGRP | stat.S_IWGRP


def what_opens_port(path: str) -> str:
    """The command that lets this user open a serial port.

    Returns
    -------
    str :
        Empty where they may, and where there is no such port.
    """
    import grp
    import pwd

    if os.access(path, os.R_OK | os.W_OK) or not os.path.exists(path):
        return ""
    status = os.stat(path)
    try:
        group = grp.getgrgid(status.st_gid)
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"sudo chmod a+rw {path}"
    if status.st_gid == 0 or status.st_mode & _GROUP_MAY != _GROUP_MAY:
        return f"sudo chmod a+rw {path} (until it is plugged in again)"
    if user in group.gr_mem:
        return f"log out and in again, since the group {group.gr_name} is new to this user"
    return f"sudo usermod -aG {group.gr_name} {user}, then log out and in again"


def what_opens_device(usb_id: str) -> str:
    """The command that lets users open devices of a maker: a rule for udev.

    Parameters
    ----------
    usb_id : str
        ``VID:PID``.
    """
    vendor = usb_id.split(":")[0]
    rule = (
        f'SUBSYSTEM=="usb", ATTR{{idVendor}}=="{vendor}", MODE="0660", GROUP="plugdev", '
        'TAG+="uaccess"'
    )
    return (
        f"echo '{rule}' | sudo tee -a /etc/udev/rules.d/60-microtvm.rules && "
        "sudo udevadm control --reload (then plug it in again)"
    )
