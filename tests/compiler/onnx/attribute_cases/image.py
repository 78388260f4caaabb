# SPDX-License-Identifier: Apache-2.0
"""Images, grids of points and transforms of signals."""

from __future__ import annotations

import numpy as np
from case_models import Case

from .short import c, f, i, n, w


def cases() -> list[Case]:
    """Of this group."""
    e = None
    found = []
    for coordinates in [
        "half_pixel",
        "half_pixel_symmetric",
        "pytorch_half_pixel",
        "align_corners",
        "asymmetric",
    ]:
        for mode in ("nearest", "linear", "cubic"):
            found.append(
                n(
                    "Resize",
                    f(1, 2, 4, 5),
                    e,
                    c([1, 1, 1.7, 0.8], "float32"),
                    mode=mode,
                    coordinate_transformation_mode=coordinates,
                )
            )
            found.append(
                n(
                    "Resize",
                    f(1, 2, 4, 5),
                    e,
                    e,
                    c([1, 2, 7, 3]),
                    mode=mode,
                    coordinate_transformation_mode=coordinates,
                )
            )
    for near in ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]:
        found.append(
            n(
                "Resize",
                f(1, 2, 4, 5),
                e,
                c([1, 1, 2, 2], "float32"),
                mode="nearest",
                nearest_mode=near,
                coordinate_transformation_mode="asymmetric",
            )
        )
    found += [
        n(
            "Resize",
            f(1, 2, 4, 5),
            e,
            c([1, 1, 2, 1.5], "float32"),
            mode="cubic",
            cubic_coeff_a=-0.5,
            exclude_outside=1,
        ),
        n(
            "Resize",
            f(1, 2, 4, 5),
            e,
            c([0.5, 0.6], "float32"),
            mode="linear",
            antialias=1,
            axes=[2, 3],
        ),
        n(
            "Resize",
            f(1, 2, 4, 5),
            c([0.1, 0.2, 0.9, 1.2], "float32"),
            e,
            c([3, 4]),
            mode="linear",
            coordinate_transformation_mode="tf_crop_and_resize",
            extrapolation_value=9.0,
            axes=[2, 3],
        ),
        n(
            "Resize",
            f(1, 2, 4, 5),
            c([0, 0, 0.1, 0.2, 1, 1, 0.9, 1.2], "float32"),
            e,
            c([1, 2, 3, 4]),
            mode="nearest",
            coordinate_transformation_mode="tf_crop_and_resize",
            extrapolation_value=9.0,
        ),
        n(
            "Resize",
            f(1, 2, 4, 5),
            e,
            e,
            c([7, 8]),
            mode="linear",
            axes=[3, 2],
            keep_aspect_ratio_policy="not_larger",
        ),
        n(
            "Resize",
            f(1, 2, 4, 5),
            e,
            e,
            c([7, 8]),
            mode="nearest",
            axes=[2, 3],
            keep_aspect_ratio_policy="not_smaller",
        ),
        n("Resize", f(1, 2, 4, 5), e, c([1, 1, 2, 2], "float32"), opset=13, mode="linear"),
    ]
    boxes = np.array([[1, 1, 6, 5], [0, 2, 3.5, 7], [-1, -1, 8, 8]], "float32")
    batch = c([0, 1, 0])
    for opset in (13, 21):
        extra = {"coordinate_transformation_mode": "output_half_pixel"} if opset >= 16 else {}
        found += [
            n(
                "RoiAlign",
                f(2, 2, 8, 8),
                boxes,
                batch,
                opset=opset,
                output_height=3,
                output_width=2,
                sampling_ratio=2,
                spatial_scale=0.5,
                **extra,
            ),
            n("RoiAlign", f(2, 2, 8, 8), boxes, batch, opset=opset),
            n(
                "RoiAlign",
                f(2, 2, 8, 8),
                boxes,
                batch,
                opset=opset,
                output_height=2,
                output_width=2,
                spatial_scale=0.5,
            ),
        ]
    found.append(
        n(
            "RoiAlign",
            f(2, 2, 8, 8),
            f(3, 4, low=0, high=7),
            i(3, low=0, high=1),
            output_height=2,
            output_width=2,
            sampling_ratio=2,
        )
    )
    rois = np.array([[0, 1, 1, 6, 5], [1, 0, 2, 3, 7], [0, 2, 2, 9, 9]], "float32")
    found += [
        n("MaxRoiPool", f(2, 2, 8, 8), rois, pooled_shape=[2, 3], spatial_scale=0.5),
        n("MaxRoiPool", f(2, 2, 8, 8), rois, pooled_shape=[2, 2]),
    ]
    for mode in ("linear", "nearest", "cubic"):
        for padding in ("zeros", "border", "reflection"):
            for align in (0, 1):
                found.append(
                    n(
                        "GridSample",
                        f(1, 2, 4, 5),
                        f(1, 3, 4, 2, low=-1.4, high=1.4),
                        mode=mode,
                        padding_mode=padding,
                        align_corners=align,
                    )
                )
    for mode in ("linear", "nearest"):
        for padding in ("zeros", "border", "reflection"):
            found.append(
                n(
                    "GridSample",
                    f(1, 2, 4, 5, 3),
                    f(1, 3, 4, 2, 3, low=-1.4, high=1.4),
                    mode=mode,
                    padding_mode=padding,
                    align_corners=int(mode == "linear"),
                )
            )
    indices = c([[[[0, 3], [8, 11]]]])
    found += [
        n("MaxUnpool", f(1, 1, 2, 2), indices, kernel_shape=[2, 2], strides=[2, 2]),
        n("MaxUnpool", f(1, 1, 2, 2), c([[[[0, 3], [4, 8]]]]), kernel_shape=[2, 2]),
        n(
            "Col2Im",
            f(1, 12, 12),
            c([5, 5]),
            c([2, 2]),
            pads=[0, 1, 1, 0],
            dilations=[2, 1],
            strides=[1, 2],
        ),
        n("DFT", f(1, 8, 2), c(6), c(1), inverse=1),
        n("DFT", f(1, 8, 1), None, c(1), onesided=1),
        n("STFT", f(1, 16, 1), c(4), w(8), c(8), onesided=0),
        n("AffineGrid", f(1, 2, 3), c([1, 1, 4, 5]), align_corners=1),
        n("AffineGrid", f(2, 3, 4), c([2, 1, 2, 3, 4]), align_corners=1),
        n("CenterCropPad", f(5, 6), c([3, 9])),
        n("CenterCropPad", f(5, 6, 2), c([4]), axes=[1]),
    ]
    return [case for case in found if case is not None]
