// What the parts of the load generator share: addresses, the event loop, and the counters.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>

// One read or write moves at most this much: large enough that system calls are few, small enough for the L2 cache.
enum { CHUNK = 256 * 1024 };

struct address {
  struct sockaddr_storage storage;
  socklen_t length;
};

// What epoll gives back: embedded first in every connection, so that one loop serves both ends of the tunnel.
struct endpoint {
  int fd;
  void (*ready)(struct endpoint *endpoint, uint32_t events);
};

struct options {
  const char *mode;
  struct address target;
  const char *target_name;
  struct address backend;
  bool has_backend;
  const char *path;
  bool raw;           // plain TCP, no WebSocket
  bool apart;         // the backend is a process of its own
  int tunnels;
  size_t size;        // payload bytes of a message
  size_t burst;       // bytes of whole messages handed to one write, at least one message
  size_t window;      // payload bytes on their way in `echo`, for each tunnel
  double seconds;
  double warmup;
  double pause;       // seconds from an echo to the next message in `rtt`
  int pid;            // the process whose CPU time is counted, 0 for none
};

// load.c
_Noreturn void fail(const char *what);
_Noreturn void fail_errno(const char *what);
double now(void);
struct address parse_address(const char *text);
int open_socket(const struct address *address);
void watch(struct endpoint *endpoint, uint32_t events);
void rewatch(struct endpoint *endpoint, uint32_t events);
void turn_loop(int timeout_ms);
void open_loop(void);
extern uint8_t scratch[CHUNK];

// backend.c
struct backend_counts {
  volatile uint64_t received;
  volatile int connections;
};
// The size is that of the writes of a source, at most CHUNK; 0 for that.
void start_backend(const char *mode, const struct address *address, size_t size);
void fork_backend(const char *mode, const struct address *address, size_t size);
void stop_backend(void);
extern struct backend_counts *backend_counts;

// latencies.c
void count_latency(double seconds);
double latency_us(double share);

// client.c
int run_client(const struct options *options);
