# SPDX-License-Identifier: BSD-2-Clause
"""The command `janus`, one module a subject; cli.py is where it begins."""
