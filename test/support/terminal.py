"""Runs a program on a terminal of its own: terminal.py COLUMNS ROWS PROGRAM ARGS...

Lines on stdin are Python literals: what to type when the program has written the text before it, as ("text", "keys").
Prints what the program wrote, byte for byte, and ends with its exit code. Before and after, the terminal's settings are
compared; if they differ, the exit code is 99.
"""

import ast
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

columns, rows = int(sys.argv[1]), int(sys.argv[2])
script = [ast.literal_eval(line) for line in sys.stdin.read().splitlines() if line]
parent, child = pty.openpty()
fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
before = termios.tcgetattr(child)
pid = os.fork()
if pid == 0:
    os.close(parent)
    os.setsid()
    fcntl.ioctl(child, termios.TIOCSCTTY, 0)
    for descriptor in (0, 1, 2):
        os.dup2(child, descriptor)
    os.execv(sys.argv[3], sys.argv[3:])

seen = b""
position = 0
ended = None
deadline = time.monotonic() + 45
while ended is None and time.monotonic() < deadline:
    ready, _, _ = select.select([parent], [], [], 0.05)
    if ready:
        try:
            seen += os.read(parent, 65536)
        except OSError:
            pass
    while script:
        text, keys = script[0]
        at = seen.find(text.encode(), position)
        if at < 0:
            break
        position = at + len(text.encode())
        script.pop(0)
        if keys.startswith("SIG"):
            os.kill(pid, getattr(signal, keys))
        elif keys.startswith("SIZE"):
            wide, high = (int(word) for word in keys[4:].split("x"))
            fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", high, wide, 0, 0))
            os.kill(pid, signal.SIGWINCH)
        else:
            os.write(parent, keys.encode())
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        ended = status
while select.select([parent], [], [], 0.1)[0]:
    try:
        chunk = os.read(parent, 65536)
    except OSError:
        break
    if not chunk:
        break
    seen += chunk
if ended is None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
sys.stdout.buffer.write(seen)
sys.stdout.flush()
if ended is None:
    sys.exit(98)
if termios.tcgetattr(child) != before:
    sys.exit(99)
sys.exit(os.waitstatus_to_exitcode(ended) % 256)
