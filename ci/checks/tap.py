# SPDX-License-Identifier: BSD-2-Clause
"""What checks that are many small tests share: the run of them, which prints TAP."""
import tempfile
import traceback


def wanted(condition, message="not so"):
    if not condition:
        raise AssertionError(message)


def run(tests, prefix="check."):
    """tests: {title: a function of a folder that is gone afterwards}. 1 when one failed, else 0."""
    failed = 0
    print(f"1..{len(tests)}")
    for number, (title, test) in enumerate(tests.items(), 1):
        with tempfile.TemporaryDirectory(prefix=prefix) as folder:
            try:
                test(folder)
            except Exception:       # whatever it is, it is this test's failure
                failed += 1
                for line in traceback.format_exc().splitlines():
                    print(f"# {line}")
                print(f"not ok {number} - {title}")
                continue
        print(f"ok {number} - {title}", flush=True)
    return 1 if failed else 0
