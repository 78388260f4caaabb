# SPDX-License-Identifier: Apache-2.0
"""An STM32F405 with stm32duino's core, in QEMU: the 32-bit board of the tests."""
