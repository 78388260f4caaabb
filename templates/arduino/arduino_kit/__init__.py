# SPDX-License-Identifier: Apache-2.0
"""What the template asks of Arduino, a file for each kind of question."""
