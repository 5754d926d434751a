// How long round trips and connections took: a histogram, which costs the load a count each and no memory that grows.
//
// Each power of two of nanoseconds has 128 buckets of equal width, so that a figure is within 0.4 % of what was measured.
#include "load.h"

enum { SPLIT = 7, BUCKETS = (64 - SPLIT + 1) << SPLIT };

static uint64_t counts[BUCKETS];
static uint64_t total;

void count_latency(double seconds) {
  uint64_t ns = seconds * 1e9;
  int shift = ns >> (SPLIT + 1) ? 63 - __builtin_clzll(ns) - SPLIT : 0;
  counts[((uint64_t)shift << SPLIT) + (ns >> shift)]++;
  total++;
}

// The middle of the bucket that holds the `share`-th part of all, in microseconds; 0 if nothing was counted.
double latency_us(double share) {
  if (total == 0) return 0;
  uint64_t before = (total - 1) * share;
  int at = 0;
  for (uint64_t seen = counts[0]; seen <= before; seen += counts[at]) at++;
  int shift = at >> (SPLIT + 1) ? (at >> SPLIT) - 1 : 0;
  uint64_t first = (uint64_t)(at - (shift << SPLIT)) << shift;
  return (first + ((1ull << shift) - 1) / 2.0) * 1e-3;
}
