# SPDX-License-Identifier: Apache-2.0
"""Ways to the firmware's bytes. A new kind of port is a new file with a class of :mod:`.base`."""
