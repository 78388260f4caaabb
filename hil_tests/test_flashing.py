# SPDX-License-Identifier: Apache-2.0
"""What is flashed is what answers."""

from __future__ import annotations

import numpy as np

from hil_tests.archives import write_linear

X = np.float32([1, -2, 0.5, 100])


def test_another_model_answers_and_then_the_first_again(device, tmp_path):
    archive = write_linear(tmp_path / "other.tar", 3, -5)
    with device.make("other", archive) as other:
        device.end_server()  # one at a time has the board
        try:
            device.flash(other)
            with device.session(other) as session:
                np.testing.assert_array_equal(device.answer(session, X), 3 * X - 5)
        finally:
            device.flash(device.project)
    with device.session() as session:
        np.testing.assert_array_equal(device.answer(session, X), 2 * X + 1)
