"""Runs a program in a terminal of its own and does what lines of JSON on standard input say; tells of it in lines of JSON.

In: {"keys": text}, {"size": [rows, columns]}, {"signal": name}, {"modes": true}, {"hangUp": true}. Out: {"output": text}, {"modes": text}, {"stopped": true}, {"exit": code}.
"""
import fcntl, json, os, pty, select, signal, struct, sys, termios

rows, columns = int(sys.argv[1]), int(sys.argv[2])
master, slave = pty.openpty()


def resize(rows, columns):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def tell(**what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def modes():
    return repr(termios.tcgetattr(slave))


resize(rows, columns)
child = os.fork()
if child == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2):
        os.dup2(slave, fd)
    os.closerange(3, 256)
    os.execvp(sys.argv[3], sys.argv[3:])

tell(modes=modes())
waiting, rest = b"", b""
ended = None
while True:
    readable, _, _ = select.select([master, 0], [], [], 0.01)
    if master in readable:
        rest += os.read(master, 65536)
        # A character may have come in part.
        text = rest.decode("utf-8", "ignore")
        keep = 0
        while keep < 4 and text.encode() != rest[: len(rest) - keep]:
            keep += 1
        keep = keep if keep < 4 else 0
        text, rest = rest[: len(rest) - keep].decode("utf-8", "replace"), rest[len(rest) - keep :]
        tell(output=text)
    elif ended is not None:
        tell(modes=modes())
        tell(exit=ended)
        break
    if 0 in readable:
        more = os.read(0, 65536)
        if not more:
            os.kill(child, signal.SIGKILL)
            break
        waiting += more
        *lines, waiting = waiting.split(b"\n")
        for line in lines:
            order = json.loads(line)
            if "keys" in order:
                os.write(master, order["keys"].encode())
            if "size" in order:
                resize(*order["size"])
            if "signal" in order:
                os.kill(child, getattr(signal, order["signal"]))
            if "modes" in order:
                tell(modes=modes())
            if "hangUp" in order:
                os.close(slave)
                os.close(master)
                tell(exit=os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
                sys.exit()
    if ended is None:
        pid, status = os.waitpid(child, os.WNOHANG | os.WUNTRACED)
        if pid and os.WIFSTOPPED(status):
            tell(stopped=True)
        elif pid:
            ended = os.waitstatus_to_exitcode(status)
