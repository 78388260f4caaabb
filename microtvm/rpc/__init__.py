# SPDX-License-Identifier: Apache-2.0
"""microTVM's wire to the device: framing, session, MinRPC, remote objects."""
