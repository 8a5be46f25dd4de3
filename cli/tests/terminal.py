"""A terminal for a program: runs it on a pseudo-terminal, types, and waits for what it shows.

Arguments: the program and its arguments. Standard input: a JSON list of steps, each ["type", text] or ["expect", text].
Standard output: a JSON object with what the terminal was sent ("raw"), the same without control sequences ("text"), the
exit code ("code"), and the step that did not come about, if there is one ("missing").
"""

import errno
import json
import os
import pty
import re
import select
import subprocess
import sys

# How long nothing may be shown while something is expected: a step that comes about does not wait for it.
PATIENCE_S = 120
# Where the cursor is, which a line editor asks before it draws.
CURSOR_ASKED, CURSOR = b"\x1b[6n", b"\x1b[1;1R"
SEQUENCES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-Z\\-_=>78])")


def main():
    steps = json.load(sys.stdin)
    controller, terminal = pty.openpty()
    program = subprocess.Popen(
        sys.argv[1:], stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True
    )
    os.close(terminal)
    raw, answered, seen = bytearray(), 0, 0
    missing = None

    def text():
        return SEQUENCES.sub("", raw.decode("utf-8", "replace"))

    def read(patience):
        nonlocal answered
        if not select.select([controller], [], [], patience)[0]:
            return False
        try:
            piece = os.read(controller, 65536)
        except OSError as error:
            # The program has closed its side.
            if error.errno == errno.EIO:
                return False
            raise
        raw.extend(piece)
        while raw.count(CURSOR_ASKED) > answered:
            answered += 1
            os.write(controller, CURSOR)
        return bool(piece)

    for index, (what, wanted) in enumerate(steps):
        if what == "type":
            seen = len(text())
            os.write(controller, wanted.encode())
            continue
        while wanted not in text()[seen:]:
            if not read(PATIENCE_S):
                missing = index
                break
        if missing is not None:
            break
        seen += text()[seen:].index(wanted) + len(wanted)
    if missing is not None:
        program.kill()
    while read(PATIENCE_S):
        pass
    shown = {"raw": raw.decode("utf-8", "replace"), "text": text(), "code": program.wait(), "missing": missing}
    json.dump(shown, sys.stdout)


main()
