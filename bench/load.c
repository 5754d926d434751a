// load: the two far ends of a tunnel, cheap enough that the tunnel is what is measured.
//
//   load up|down|echo|rtt|conn|idle target=ADDRESS backend=ADDRESS [raw] [apart] [tunnels=1] [size=65536] [burst=0]
//        [window=4194304] [seconds=1] [warmup=0.2] [pause=0] [path=/] [pid=PID]
//   load backend echo|sink|source ADDRESS
//
// ADDRESS is host:port (IPv4) or unix:/path. A mode runs the backend it needs at `backend=`, opens its tunnels at
// `target=`, and prints one JSON line:
//
//   up     client to backend; counts the payload that the backend received
//   down   backend to client, `size` bytes a write; counts the payload that the clients received
//   echo   both ways at once, at most `window` bytes on their way for each tunnel; counts what came back
//   rtt    one message on its way for each tunnel, the next one `pause` seconds after its echo; counts round trips
//   conn   opens a tunnel, makes one round trip, closes it, and again, on `tunnels` connections side by side
//   idle   opens the tunnels, has a message of each echoed, all at once (none if `size=0`), prints the line, and holds
//          them until its standard input ends; exits 1 if a backend connection is left ten seconds after
//
// Both ends share one process and one thread, the cheapest there is, unless `apart` gives the backend a process of its
// own, as in life. `raw` leaves WebSocket out, for a plain relay or for the backend itself as the target. `pid=` adds the CPU time
// that process took while it was counted. `rtt` and `conn` say p50 and p99 too; a connection takes from its first
// connect() until its echo is there.

#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <time.h>

uint8_t scratch[CHUNK];
static int epoll_fd;

void fail(const char *what) {
  fprintf(stderr, "load: %s\n", what);
  exit(2);
}

void fail_errno(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(2);
}

double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

struct address parse_address(const char *text) {
  struct address address = {0};
  if (strncmp(text, "unix:", 5) == 0) {
    struct sockaddr_un *un = (struct sockaddr_un *)&address.storage;
    un->sun_family = AF_UNIX;
    if (strlen(text + 5) >= sizeof un->sun_path) fail("the socket path is too long");
    strcpy(un->sun_path, text + 5);
    address.length = sizeof *un;
    return address;
  }
  struct sockaddr_in *in = (struct sockaddr_in *)&address.storage;
  char host[64] = "";
  int port = 0;
  if (sscanf(text, "%63[^:]:%d", host, &port) != 2 || inet_pton(AF_INET, host, &in->sin_addr) != 1) {
    fail("an address is IPv4:port or unix:/path");
  }
  in->sin_family = AF_INET;
  in->sin_port = htons(port);
  address.length = sizeof *in;
  return address;
}

int open_socket(const struct address *address) {
  int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail_errno("socket");
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);  // fails on a unix socket, where nothing delays
  return fd;
}

static void control(int operation, struct endpoint *endpoint, uint32_t events) {
  struct epoll_event event = {.events = events, .data = {.ptr = endpoint}};
  if (epoll_ctl(epoll_fd, operation, endpoint->fd, &event) != 0) fail_errno("epoll_ctl");
}

void open_loop(void) {
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) fail_errno("epoll_create1");
}

void watch(struct endpoint *endpoint, uint32_t events) { control(EPOLL_CTL_ADD, endpoint, events); }

void rewatch(struct endpoint *endpoint, uint32_t events) { control(EPOLL_CTL_MOD, endpoint, events); }

// An endpoint may free only itself while it is served: others can have an event in the same batch.
void turn_loop(int timeout_ms) {
  static struct epoll_event events[512];
  int count = epoll_wait(epoll_fd, events, 512, timeout_ms);
  for (int i = 0; i < count; i++) {
    struct endpoint *endpoint = events[i].data.ptr;
    endpoint->ready(endpoint, events[i].events);
  }
}

static void set_option(struct options *options, const char *argument) {
  const char *equals = strchr(argument, '=');
  size_t length = equals ? (size_t)(equals - argument) : strlen(argument);
  const char *value = equals ? equals + 1 : "";
#define IS(name) (length == strlen(name) && strncmp(argument, name, length) == 0)
  if (IS("target")) {
    options->target = parse_address(value);
    options->target_name = value;
  } else if (IS("backend")) {
    options->backend = parse_address(value);
    options->has_backend = true;
  } else if (IS("path")) {
    options->path = value;
  } else if (IS("raw")) {
    options->raw = true;
  } else if (IS("apart")) {
    options->apart = true;
  } else if (IS("tunnels")) {
    options->tunnels = atoi(value);
  } else if (IS("size")) {
    options->size = strtoul(value, NULL, 10);
  } else if (IS("burst")) {
    options->burst = strtoul(value, NULL, 10);
  } else if (IS("window")) {
    options->window = strtoul(value, NULL, 10);
  } else if (IS("seconds")) {
    options->seconds = atof(value);
  } else if (IS("warmup")) {
    options->warmup = atof(value);
  } else if (IS("pause")) {
    options->pause = atof(value);
  } else if (IS("pid")) {
    options->pid = atoi(value);
  } else {
    fprintf(stderr, "load: unknown argument '%s'; see the head of load.c\n", argument);
    exit(2);
  }
#undef IS
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  open_loop();
  memset(scratch, 'x', sizeof scratch);
  if (argc < 3) fail("no mode and target given; see the head of load.c");
  if (strcmp(argv[1], "backend") == 0) {
    if (argc != 4) fail("backend echo|sink|source ADDRESS");
    struct address address = parse_address(argv[3]);
    start_backend(argv[2], &address, 0);
    for (;;) turn_loop(-1);
  }
  struct options options = {
      .mode = argv[1], .path = "/", .tunnels = 1, .size = 65536, .window = 4 << 20, .seconds = 1, .warmup = 0.2};
  for (int i = 2; i < argc; i++) set_option(&options, argv[i]);
  if (!options.target_name) fail("target= is missing");
  return run_client(&options);
}
