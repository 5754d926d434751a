/**
 * All metrics that there are, in the order in which they are told: names by Prometheus' conventions (base units, `_total` behind what only counts up),
 * what they are, and by which labels their series are told apart. The README's table is held to this one.
 *
 * @module
 */

export interface Family {
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  /** A sentence without its full stop. */
  readonly help: string;
}

export const FAMILIES = {
  wstunnel_build_info: {
    type: "gauge",
    labels: ["version", "commit", "deno", "engine"],
    help: "What runs: always 1",
  },
  wstunnel_phase: {
    type: "gauge",
    labels: ["phase"],
    help: "1 of the phase that the program is in: starting, serving or draining",
  },
  wstunnel_tunnels_open: {
    type: "gauge",
    labels: ["route", "backend"],
    help: "Tunnels that are open",
  },
  wstunnel_tunnels_opened_total: {
    type: "counter",
    labels: ["route", "backend"],
    help: "Tunnels that were opened",
  },
  wstunnel_tunnels_closed_total: {
    type: "counter",
    labels: ["route", "backend", "cause"],
    help: "Tunnels that are over, by what ended them",
  },
  wstunnel_tunnel_bytes_total: {
    type: "counter",
    labels: ["route", "backend", "direction"],
    help:
      "Payload bytes given to the backend (up) and to the client (down), those of open tunnels among them",
  },
  wstunnel_tunnels_waiting: {
    type: "gauge",
    labels: ["side"],
    help: "Open tunnels whose client or backend has yet to take what the other one sent",
  },
  wstunnel_residue_bytes: {
    type: "gauge",
    labels: ["side"],
    help: "Bytes that open tunnels hold until their client or backend takes them",
  },
  wstunnel_buffer_bytes: {
    type: "gauge",
    labels: ["size"],
    help: "Receive buffers in use, each of which is small or large",
  },
  wstunnel_handshake_seconds: {
    type: "histogram",
    labels: ["outcome"],
    help: "From a connection's beginning until its tunnel is opened, or its request refused",
  },
  wstunnel_requests_refused_total: {
    type: "counter",
    labels: ["route", "status", "cause"],
    help: "Requests that were refused, with an empty route where none is known",
  },
  wstunnel_files_asked_total: {
    type: "counter",
    labels: ["route", "status"],
    help: "Requests for files that were answered, with an empty route where the path is of none",
  },
  wstunnel_file_bytes_total: {
    type: "counter",
    labels: ["route", "status"],
    help: "Bytes of files that were sent",
  },
  wstunnel_clients_left_total: {
    type: "counter",
    labels: ["route"],
    help: "Clients that went away between their backend's connect and the upgrade",
  },
  wstunnel_connections: {
    type: "gauge",
    labels: ["state"],
    help: "Connections of clients whose request was let in, or has yet to be",
  },
  wstunnel_worker_tunnels: {
    type: "gauge",
    labels: ["worker"],
    help:
      "Open tunnels that each worker of the loop engine carries; the main thread's are not among them",
  },
  wstunnel_connections_dropped_total: {
    type: "counter",
    labels: ["limit"],
    help: "Connections that were closed without a word, by the limit that was reached",
  },
  wstunnel_connections_failed_total: {
    type: "counter",
    labels: ["layer"],
    help: "Connections that ended before their request, with no TLS or no right PROXY header",
  },
  wstunnel_dial_seconds: {
    type: "histogram",
    labels: ["outcome"],
    help: "How long connects to backends' addresses took, by what came of them",
  },
  wstunnel_backend_state: {
    type: "gauge",
    labels: ["route", "backend", "state"],
    help: "1 of the state that a backend is in",
  },
  wstunnel_backend_drained: {
    type: "gauge",
    labels: ["route", "backend"],
    help: "Whether an operator has taken a backend out",
  },
  wstunnel_backend_load: {
    type: "gauge",
    labels: ["route", "backend"],
    help: "Tunnels that a backend has, and those being connected",
  },
  wstunnel_backend_tunnels_served_total: {
    type: "counter",
    labels: ["route", "backend"],
    help: "Times that a backend was connected for a tunnel",
  },
  wstunnel_backend_failures_total: {
    type: "counter",
    labels: ["route", "backend"],
    help: "Times that a backend could not be connected, or its program ended or did not start",
  },
  wstunnel_programs_running: {
    type: "gauge",
    labels: ["backend"],
    help: "Processes that were started and run",
  },
  wstunnel_programs_started_total: {
    type: "counter",
    labels: ["backend"],
    help: "Processes that were started",
  },
  wstunnel_programs_restarted_total: {
    type: "counter",
    labels: ["backend"],
    help: "Processes that were started for one that had ended by itself, or had not come up",
  },
  wstunnel_programs_ended_total: {
    type: "counter",
    labels: ["backend", "exit"],
    help: "Processes that have ended: by themselves with success, failure or a signal, or stopped",
  },
  wstunnel_certificate_expiry_timestamp_seconds: {
    type: "gauge",
    labels: ["path"],
    help: "When a listener's certificate in use ends",
  },
  wstunnel_config_reloads_total: {
    type: "counter",
    labels: ["outcome"],
    help: "Reloads of the configuration",
  },
  wstunnel_config_last_reload_successful: {
    type: "gauge",
    labels: [],
    help: "Whether the last reload was taken; 1 where there was none",
  },
  wstunnel_config_last_reload_success_timestamp_seconds: {
    type: "gauge",
    labels: [],
    help: "When the configuration that holds was taken",
  },
  wstunnel_event_loop_lag_seconds: {
    type: "histogram",
    labels: [],
    help: "How late the event loop came to a timer that is due five times a second",
  },
  wstunnel_log_lines_dropped_total: {
    type: "counter",
    labels: [],
    help: "Lines of the log that could not be written, or came faster than they were taken",
  },
  wstunnel_defects_total: {
    type: "counter",
    labels: [],
    help: "Defects of wstunnel that were caught",
  },
  process_cpu_seconds_total: {
    type: "counter",
    labels: [],
    help: "Processor time that the process has taken, user and system",
  },
  process_resident_memory_bytes: {
    type: "gauge",
    labels: [],
    help: "Resident memory of the process",
  },
  process_open_fds: {
    type: "gauge",
    labels: [],
    help: "Descriptors that the process has open",
  },
  process_max_fds: {
    type: "gauge",
    labels: [],
    help: "Descriptors that the process may have open",
  },
  process_start_time_seconds: {
    type: "gauge",
    labels: [],
    help: "When the process was started",
  },
} as const satisfies Readonly<Record<string, Family>>;

export type FamilyName = keyof typeof FAMILIES;
