// The clients' end: opens tunnels, drives the traffic of one mode through them, counts, and reports.
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MAX_OPENING = 64, MAX_ATTEMPTS = 3, OPEN_DEADLINE_S = 60, ECHO_DEADLINE_S = 60, CLOSE_DEADLINE_S = 10, DRAIN_S = 1 };

enum state { CLOSED, CONNECTING, SHAKING_HANDS, OPEN };

struct tunnel {
  struct endpoint endpoint;
  enum state state;
  int attempts;
  char head[2048];         // the handshake's answer, while it arrives
  size_t head_length;
  uint8_t header[10];      // of the frame that arrives
  int header_length;
  uint64_t left_of_frame;
  uint64_t sent;           // bytes on the wire, frame headers among them
  uint64_t received;       // payload bytes
  bool wants_out;
  double asked_at;         // when the round trip, or in `conn` the connection, began, or is to begin
  bool is_resting;
};

static const struct options *options;
static enum { UP, DOWN, ECHO, RTT, CONN, IDLE } mode;
static struct tunnel *tunnels;
static int opening, open_tunnels, failed_tunnels, lost_tunnels;
static uint8_t *burst;  // whole messages, as they go on the wire
static size_t message_length, burst_length;
static uint64_t received, round_trips;
static bool is_counting, has_started, has_stopped;

static void serve(struct endpoint *endpoint, uint32_t events);

// ---- messages

static size_t write_header(uint8_t *at, size_t size) {
  static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
  size_t length = 2;
  at[0] = 0x82;  // FIN, binary
  if (size < 126) {
    at[1] = 0x80 | size;
  } else {
    int bytes = size < 65536 ? 2 : 8;
    at[1] = 0x80 | (bytes == 2 ? 126 : 127);
    for (int i = 0; i < bytes; i++) at[2 + i] = (uint64_t)size >> 8 * (bytes - 1 - i);
    length += bytes;
  }
  memcpy(at + length, mask, 4);
  return length + 4;
}

static void prepare_burst(void) {
  size_t size = options->size;
  uint8_t *message = malloc(size + 14);
  size_t header = options->raw ? 0 : write_header(message, size);
  for (size_t i = 0; i < size; i++) message[header + i] = 'a' + i % 26;
  for (size_t i = 0; header && i < size; i++) message[header + i] ^= message[header - 4 + i % 4];
  message_length = header + size;
  size_t count = options->burst > message_length ? options->burst / message_length : 1;
  burst_length = count * message_length;
  burst = malloc(burst_length);
  for (size_t i = 0; i < count; i++) memcpy(burst + i * message_length, message, message_length);
  free(message);
}

// Adds the payload found in these bytes to what the tunnel received; false at a Close frame.
static bool count_payload(struct tunnel *tunnel, const uint8_t *bytes, size_t length) {
  uint64_t before = tunnel->received;
  bool is_open = true;
  if (options->raw) {
    tunnel->received += length;
    length = 0;
  }
  while (length > 0) {
    if (tunnel->left_of_frame > 0) {
      size_t count = length < tunnel->left_of_frame ? length : tunnel->left_of_frame;
      tunnel->left_of_frame -= count;
      tunnel->received += count;
      bytes += count;
      length -= count;
      continue;
    }
    tunnel->header[tunnel->header_length++] = *bytes++;
    length--;
    if (tunnel->header_length < 2) continue;
    int code = tunnel->header[1] & 0x7f;
    int wanted = code == 126 ? 4 : code == 127 ? 10 : 2;
    if (tunnel->header_length < wanted) continue;
    tunnel->header_length = 0;
    if ((tunnel->header[0] & 0x0f) == 8) {
      is_open = false;
      break;
    }
    uint64_t size = code;
    if (wanted > 2) size = 0;
    for (int i = 2; i < wanted; i++) size = size << 8 | tunnel->header[i];
    tunnel->left_of_frame = size;
  }
  received += tunnel->received - before;
  return is_open;
}

// ---- opening and closing

static void dial(struct tunnel *tunnel) {
  int attempts = tunnel->attempts;
  double asked_at = attempts > 0 ? tunnel->asked_at : now();
  memset(tunnel, 0, sizeof *tunnel);
  tunnel->attempts = attempts + 1;
  tunnel->state = CONNECTING;
  tunnel->asked_at = asked_at;
  tunnel->endpoint = (struct endpoint){.fd = open_socket(&options->target), .ready = serve};
  opening++;
  int status = connect(tunnel->endpoint.fd, (const struct sockaddr *)&options->target.storage, options->target.length);
  // A refusal shows as EPOLLERR too, so that it is dealt with in one place; a full unix backlog (EAGAIN) is no refusal.
  if (status != 0 && errno == EAGAIN) fail("the target's backlog is full: fewer tunnels, or a longer backlog");
  tunnel->wants_out = true;
  watch(&tunnel->endpoint, EPOLLIN | EPOLLOUT);
}

static void hang_up(struct tunnel *tunnel) {
  close(tunnel->endpoint.fd);
  if (tunnel->state == OPEN) {
    open_tunnels--;
  } else {
    opening--;
  }
  tunnel->state = CLOSED;
}

static void lose(struct tunnel *tunnel) {
  bool was_open = tunnel->state == OPEN;
  hang_up(tunnel);
  if (was_open) {
    lost_tunnels++;
  } else if (tunnel->attempts >= MAX_ATTEMPTS) {
    failed_tunnels++;
  } else {
    return dial(tunnel);
  }
  // Past a thousand the target is down, and trying on would only heat the machine.
  if (mode == CONN && !has_stopped && lost_tunnels + failed_tunnels < 1000) dial(tunnel);
}

static void want_out(struct tunnel *tunnel, bool wanted) {
  if (tunnel->wants_out == wanted) return;
  tunnel->wants_out = wanted;
  rewatch(&tunnel->endpoint, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

// ---- traffic

static void ask(struct tunnel *tunnel) {
  ssize_t count = write(tunnel->endpoint.fd, burst, message_length);
  if (count != (ssize_t)message_length) return lose(tunnel);
  tunnel->sent += count;
}

static void start_traffic(struct tunnel *tunnel) {
  if (mode == UP || mode == ECHO || mode == IDLE) return want_out(tunnel, true);
  if (mode == RTT) tunnel->asked_at = now();
  if (mode != DOWN) ask(tunnel);
}

static void enter_open(struct tunnel *tunnel) {
  tunnel->state = OPEN;
  opening--;
  open_tunnels++;
  want_out(tunnel, false);
  if (has_started || mode == CONN) start_traffic(tunnel);
}

static uint64_t on_their_way(const struct tunnel *tunnel) {
  return tunnel->sent / message_length * options->size - tunnel->received;
}

static void send_more(struct tunnel *tunnel) {
  for (int i = 0; i < 64; i++) {
    if (mode == ECHO && on_their_way(tunnel) + options->size > options->window) return want_out(tunnel, false);
    if (mode == IDLE && tunnel->sent == message_length) return want_out(tunnel, false);
    size_t offset = tunnel->sent % burst_length;
    ssize_t count = write(tunnel->endpoint.fd, burst + offset, burst_length - offset);
    if (count < 0 && errno == EAGAIN) break;
    if (count < 0) return lose(tunnel);
    tunnel->sent += count;
    if ((size_t)count < burst_length - offset) break;
  }
  want_out(tunnel, true);
}

static void finish_round_trip(struct tunnel *tunnel) {
  double time = now();
  if (is_counting) {
    round_trips++;
    count_latency(time - tunnel->asked_at);
  }
  if (mode == CONN) {
    hang_up(tunnel);
    tunnel->attempts = 0;
    if (!has_stopped) dial(tunnel);
  } else if (mode == RTT) {
    tunnel->asked_at = time + options->pause;
    tunnel->is_resting = options->pause > 0;
    if (!tunnel->is_resting) ask(tunnel);
  }
}

static void receive(struct tunnel *tunnel) {
  static uint8_t bytes[CHUNK];
  ssize_t count = read(tunnel->endpoint.fd, bytes, CHUNK);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0 || !count_payload(tunnel, bytes, count)) return lose(tunnel);
  // Half the window, not its edge, so that the interest in EPOLLOUT doesn't change at each message.
  if (mode == ECHO && !tunnel->wants_out && on_their_way(tunnel) <= options->window / 2) return send_more(tunnel);
  if (mode < RTT || tunnel->received * message_length < tunnel->sent * options->size) return;
  finish_round_trip(tunnel);
}

static void shake_hands(struct tunnel *tunnel) {
  char request[1024];
  int length = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                        options->path, strncmp(options->target_name, "unix:", 5) == 0 ? "localhost" : options->target_name);
  if (write(tunnel->endpoint.fd, request, length) != length) return lose(tunnel);
  tunnel->state = SHAKING_HANDS;
  want_out(tunnel, false);
}

static void receive_head(struct tunnel *tunnel) {
  size_t room = sizeof tunnel->head - 1 - tunnel->head_length;
  ssize_t count = read(tunnel->endpoint.fd, tunnel->head + tunnel->head_length, room);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) return lose(tunnel);
  size_t length = tunnel->head_length += count;
  tunnel->head[length] = 0;
  char *end = strstr(tunnel->head, "\r\n\r\n");
  if (!end && length < sizeof tunnel->head - 1) return;
  if (!end || strncmp(tunnel->head, "HTTP/1.1 101", 12) != 0) {
    static int told;
    if (told++ < 3) fprintf(stderr, "load: refused: %.*s\n", (int)strcspn(tunnel->head, "\r\n"), tunnel->head);
    return lose(tunnel);
  }
  end += 4;
  enter_open(tunnel);
  size_t rest = tunnel->head + length - end;  // frames that came with the answer
  if (rest > 0 && tunnel->state == OPEN && !count_payload(tunnel, (uint8_t *)end, rest)) lose(tunnel);
}

static void serve(struct endpoint *endpoint, uint32_t events) {
  struct tunnel *tunnel = (struct tunnel *)endpoint;
  if (tunnel->state == CONNECTING) {
    if (events & (EPOLLERR | EPOLLHUP)) return lose(tunnel);
    if (!(events & EPOLLOUT)) return;
    return options->raw ? enter_open(tunnel) : shake_hands(tunnel);
  }
  if (tunnel->state == SHAKING_HANDS) return receive_head(tunnel);
  if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) receive(tunnel);
  if (tunnel->state == OPEN && tunnel->wants_out && (events & EPOLLOUT)) send_more(tunnel);
}

static void open_all(void) {
  double deadline = now() + OPEN_DEADLINE_S;
  for (int next = 0; next < options->tunnels || opening > 0;) {
    while (next < options->tunnels && opening < MAX_OPENING) dial(&tunnels[next++]);
    turn_loop(100);
    if (mode == CONN && next == options->tunnels) break;
    if (now() > deadline) fail("the tunnels did not all open within a minute");
  }
}

// ---- counting

struct reading {
  double time;
  uint64_t received, backend_received;
  double target_cpu_s, own_cpu_s;
};

// User and system time of all the process's threads, of those that have ended too.
static double cpu_seconds(int pid) {
  clockid_t clock;
  struct timespec time;
  errno = clock_getcpuclockid(pid, &clock);
  if (errno != 0 || clock_gettime(clock, &time) != 0) fail_errno("the CPU time of pid=");
  return time.tv_sec + time.tv_nsec * 1e-9;
}

static struct reading take_reading(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (struct reading){
      .time = now(),
      .received = received,
      .backend_received = backend_counts->received,
      .target_cpu_s = options->pid ? cpu_seconds(options->pid) : 0,
      .own_cpu_s = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6};
}

// Asks for those whose pause is over; gives when the next one's is, at most `until`.
static double ask_rested(double until) {
  double time = now();
  for (int i = 0; options->pause > 0 && i < options->tunnels; i++) {
    struct tunnel *tunnel = &tunnels[i];
    if (!tunnel->is_resting || tunnel->state != OPEN) continue;
    if (tunnel->asked_at <= time) {
      tunnel->is_resting = false;
      tunnel->asked_at = now();
      ask(tunnel);
    } else if (tunnel->asked_at < until) {
      until = tunnel->asked_at;
    }
  }
  return until;
}

static void run_for(double seconds) {
  double end = now() + seconds;
  while (now() < end) {
    double left = ask_rested(end) - now();
    turn_loop(left < 0 ? 0 : left < 0.1 ? (int)(left * 1e3) : 100);
  }
}

static void report(struct reading from, struct reading to) {
  double seconds = to.time - from.time;
  uint64_t bytes = mode == UP ? to.backend_received - from.backend_received : to.received - from.received;
  double messages = mode >= RTT ? round_trips : (double)bytes / options->size;
  printf("{\"mode\":\"%s\",\"tunnels\":%d,\"size\":%zu,\"seconds\":%.3f,\"bytes\":%lu,\"messages\":%.0f,"
         "\"bytesPerS\":%.0f,\"perS\":%.1f,\"p50Us\":%.1f,\"p99Us\":%.1f,\"targetCpuS\":%.4f,\"loadCpuS\":%.4f,"
         "\"failed\":%d,\"lost\":%d}\n",
         options->mode, options->tunnels, options->size, seconds, (unsigned long)bytes, messages, bytes / seconds,
         messages / seconds, latency_us(0.5), latency_us(0.99), to.target_cpu_s - from.target_cpu_s,
         to.own_cpu_s - from.own_cpu_s, failed_tunnels, lost_tunnels);
}

// One message of each tunnel, all of them at once, until all are back.
static void echo_once(void) {
  for (int i = 0; i < options->tunnels; i++) {
    if (tunnels[i].state == OPEN) start_traffic(&tunnels[i]);
  }
  double deadline = now() + ECHO_DEADLINE_S;
  while (received < open_tunnels * options->size && now() < deadline) turn_loop(50);
  if (received < open_tunnels * options->size) fail("the messages did not all come back within a minute");
}

// The loop goes on while the tunnels are held: pings are read, and a lost tunnel is seen.
static int hold_idle(double opened_in) {
  printf("{\"mode\":\"idle\",\"open\":%d,\"failed\":%d,\"openedInS\":%.2f}\n", open_tunnels, failed_tunnels, opened_in);
  fflush(stdout);
  fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
  char byte;
  for (ssize_t count = -1; count != 0 && (count > 0 || errno == EAGAIN);) {
    turn_loop(50);
    count = read(STDIN_FILENO, &byte, 1);
  }
  for (int i = 0; i < options->tunnels; i++) {
    if (tunnels[i].state != CLOSED) hang_up(&tunnels[i]);
  }
  for (double deadline = now() + CLOSE_DEADLINE_S; backend_counts->connections > 0 && now() < deadline;) turn_loop(50);
  if (backend_counts->connections > 0) fprintf(stderr, "load: %d backend connections are left\n", backend_counts->connections);
  return backend_counts->connections > 0 || lost_tunnels > 0;
}

int run_client(const struct options *given) {
  static const char *const names[] = {"up", "down", "echo", "rtt", "conn", "idle"};
  static const char *const backends[] = {"sink", "source", "echo", "echo", "echo", "echo"};
  options = given;
  while (strcmp(names[mode], options->mode) != 0) {
    if (++mode > IDLE) fail("a mode is up, down, echo, rtt, conn or idle");
  }
  if (options->size == 0 && mode != IDLE) fail("size= must be positive");
  if (options->size > options->window) fail("a message must fit the window");
  if (mode == UP && !options->has_backend) fail("up counts what the backend receives: give backend=");
  void (*start)(const char *, const struct address *, size_t) = options->apart ? fork_backend : start_backend;
  if (options->has_backend) start(backends[mode], &options->backend, options->size);
  prepare_burst();
  tunnels = calloc(options->tunnels, sizeof *tunnels);
  double started = now();
  open_all();
  if (mode == IDLE) {
    double opened_in = now() - started;
    if (options->size > 0) echo_once();
    int status = hold_idle(opened_in);
    stop_backend();
    return status;
  }
  has_started = true;
  for (int i = 0; i < options->tunnels; i++) {
    if (tunnels[i].state == OPEN && mode != CONN) start_traffic(&tunnels[i]);
  }
  run_for(options->warmup);
  is_counting = true;
  struct reading from = take_reading();
  run_for(options->seconds);
  struct reading to = take_reading();
  has_stopped = true;
  is_counting = false;
  // A backend that is gone while the target dials it would be disabled there for the next run.
  for (double end = now() + DRAIN_S; mode == CONN && opening + open_tunnels > 0 && now() < end;) turn_loop(50);
  report(from, to);
  stop_backend();
  return 0;
}
