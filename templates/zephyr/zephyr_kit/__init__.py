# SPDX-License-Identifier: Apache-2.0
"""What the Zephyr template asks Zephyr: its boards, its builds, its runners, its emulators."""
