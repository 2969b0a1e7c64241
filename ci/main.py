# SPDX-License-Identifier: BSD-2-Clause
"""Where ./janus begins once there is a Python."""
import sys

if sys.version_info < (3, 9):
    sys.exit("janus: needs Python 3.9 or newer; this is %d.%d" % sys.version_info[:2])

from janus.cli import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
