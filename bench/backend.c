// The backend's end: echoes, swallows, or pours out bytes. Counts what it receives.
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct connection {
  struct endpoint endpoint;
  uint8_t *unsent;  // echo: what the other side would not take yet
  size_t unsent_offset, unsent_length;
};

static struct backend_counts own_counts;
struct backend_counts *backend_counts = &own_counts;
static struct endpoint listener;
static void (*serve)(struct endpoint *endpoint, uint32_t events);
static uint32_t first_events;
static bool is_tcp;
static size_t write_size;
static pid_t forked;

static void end(struct connection *connection) {
  close(connection->endpoint.fd);
  free(connection->unsent);
  free(connection);
  backend_counts->connections--;
}

static bool has_failed(ssize_t count) { return count == 0 || (count < 0 && errno != EAGAIN); }

// MSG_TRUNC throws TCP's bytes away without copying them out, which is as cheap as a receiver gets.
static ssize_t swallow(int fd) { return is_tcp ? recv(fd, NULL, 4 << 20, MSG_TRUNC) : read(fd, scratch, CHUNK); }

static void sink(struct endpoint *endpoint, uint32_t events) {
  (void)events;
  ssize_t count = swallow(endpoint->fd);
  if (has_failed(count)) return end((struct connection *)endpoint);
  if (count > 0) backend_counts->received += count;
}

static void source(struct endpoint *endpoint, uint32_t events) {
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
    if (has_failed(swallow(endpoint->fd))) return end((struct connection *)endpoint);
  }
  if (!(events & EPOLLOUT)) return;
  for (int i = 0; i < 64; i++) {
    ssize_t count = write(endpoint->fd, scratch, write_size);
    if (has_failed(count)) return end((struct connection *)endpoint);
    if (count < (ssize_t)write_size) return;
  }
}

static void keep(struct connection *connection, const uint8_t *bytes, size_t length) {
  connection->unsent = malloc(length);
  memcpy(connection->unsent, bytes, length);
  connection->unsent_offset = 0;
  connection->unsent_length = length;
  rewatch(&connection->endpoint, EPOLLOUT);
}

static void echo(struct endpoint *endpoint, uint32_t events) {
  (void)events;
  struct connection *connection = (struct connection *)endpoint;
  if (connection->unsent) {
    size_t left = connection->unsent_length - connection->unsent_offset;
    ssize_t sent = write(endpoint->fd, connection->unsent + connection->unsent_offset, left);
    if (has_failed(sent)) return end(connection);
    if (sent > 0) connection->unsent_offset += sent;
    if (connection->unsent_offset < connection->unsent_length) return;
    free(connection->unsent);
    connection->unsent = NULL;
    return rewatch(endpoint, EPOLLIN);
  }
  static uint8_t bytes[CHUNK];
  ssize_t count = read(endpoint->fd, bytes, CHUNK);
  if (has_failed(count)) return end(connection);
  if (count < 0) return;
  backend_counts->received += count;
  ssize_t sent = write(endpoint->fd, bytes, count);
  if (has_failed(sent)) return end(connection);
  if (sent < 0) sent = 0;
  if (sent < count) keep(connection, bytes + sent, count - sent);
}

static void accept_all(struct endpoint *endpoint, uint32_t events) {
  (void)events;
  int fd;
  while ((fd = accept4(endpoint->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct connection *connection = calloc(1, sizeof *connection);
    connection->endpoint = (struct endpoint){.fd = fd, .ready = serve};
    watch(&connection->endpoint, first_events);
    backend_counts->connections++;
  }
}

void start_backend(const char *mode, const struct address *address, size_t size) {
  write_size = size > 0 && size < CHUNK ? size : CHUNK;
  serve = strcmp(mode, "sink") == 0 ? sink : strcmp(mode, "source") == 0 ? source : strcmp(mode, "echo") == 0 ? echo : NULL;
  if (!serve) fail("a backend is echo, sink or source");
  first_events = serve == source ? EPOLLIN | EPOLLOUT : EPOLLIN;
  is_tcp = address->storage.ss_family == AF_INET;
  listener = (struct endpoint){.fd = open_socket(address), .ready = accept_all};
  int one = 1;
  setsockopt(listener.fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (!is_tcp) unlink(((const struct sockaddr_un *)&address->storage)->sun_path);
  if (bind(listener.fd, (const struct sockaddr *)&address->storage, address->length) != 0) fail_errno("bind");
  if (listen(listener.fd, 4096) != 0) fail_errno("listen");
  watch(&listener, EPOLLIN);
}

// The counts lie in memory that both processes share, so that the client reads what the backend has received just then.
void fork_backend(const char *mode, const struct address *address, size_t size) {
  int is_ready[2];
  backend_counts = mmap(NULL, sizeof *backend_counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (backend_counts == MAP_FAILED || pipe(is_ready) != 0) fail_errno("mmap or pipe");
  forked = fork();
  if (forked < 0) fail_errno("fork");
  if (forked == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    open_loop();
    start_backend(mode, address, size);
    if (write(is_ready[1], "", 1) != 1) fail_errno("pipe");
    for (;;) turn_loop(-1);
  }
  close(is_ready[1]);
  char byte;
  if (read(is_ready[0], &byte, 1) != 1) fail("the backend did not start");
  close(is_ready[0]);
}

// Waits for its end too: the next run binds the same address.
void stop_backend(void) {
  if (forked == 0) return;
  kill(forked, SIGKILL);
  waitpid(forked, NULL, 0);
}
