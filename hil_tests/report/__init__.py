# SPDX-License-Identifier: Apache-2.0
"""What a run leaves: a page to look at, JUnit's XML, and JSON lines, a file each."""
