/** The lines of programs. */
import type { ProgramEvent } from "../../../lib/events/event.ts";
import { type Cases, OWN } from "./cases.ts";

export const PROGRAMS: Cases<ProgramEvent["kind"]> = {
  "process-started": [[OWN, null]],
  "process-ended": [[{ ...OWN, exit: { code: 0, signal: null }, asked: false }, null]],
  "program-started": [
    [{ program: "unix:/s", pid: 9, again: false }, "info    program is up program=unix:/s pid=9"],
    [
      { program: "unix:/s", pid: 9, again: true },
      "info    program is up again program=unix:/s pid=9",
    ],
  ],
  "program-failed": [[
    { program: "unix:/s", reason: "exit code 1", output: ["a", "b"] },
    'error   program can\'t start program=unix:/s reason="exit code 1" output="a\\nb"',
  ]],
  "program-ended": [[
    { program: "unix:/s", pid: 9, exit: { code: 137, signal: "SIGKILL" }, tunnels: 2 },
    'warning program has ended program=unix:/s pid=9 exit="signal SIGKILL" tunnels=2',
  ]],
  "exit-with-program": [[
    { program: "unix:/p", exit: { code: 3, signal: null } },
    'info    program has ended, and wstunnel ends with it program=unix:/p exit="exit code 3"',
  ]],
  "program-foreign": [[
    { program: "unix:/s" },
    "info    something listens already, no program is started name=unix:/s",
  ]],
  "program-let-go": [[
    { program: "unix:/run/a.sock" },
    "info    program of no backend any more is stopped program=unix:/run/a.sock",
  ]],
  "program-replaced": [[
    { program: "unix:/run/a.sock", pid: 7 },
    "info    program has changed and is replaced program=unix:/run/a.sock pid=7",
  ]],
  "program-surplus": [[
    { program: "unix:/s" },
    "info    surplus program is stopped program=unix:/s",
  ]],
  "exec-failed": [
    [
      { ...OWN, exit: { code: 255, signal: null }, wanted: false },
      'info    program has ended program=exec:cat pid=9 route=/vnc tunnel=3 exit="exit code 255"',
    ],
    [
      { ...OWN, exit: { code: 7, signal: null }, wanted: true },
      'warning program has failed program=exec:cat pid=9 route=/vnc tunnel=3 exit="exit code 7"',
    ],
  ],
  "program-output": [
    [
      { ...OWN, stream: "stderr", line: "tunnel closed" },
      'info    output program=exec:cat pid=9 route=/vnc tunnel=3 stream=stderr line="tunnel closed"',
    ],
    [
      { program: "unix:/s", pid: 9, stream: "stdout", line: "hi" },
      "info    output program=unix:/s pid=9 stream=stdout line=hi",
    ],
  ],
  "program-output-left-out": [[
    { ...OWN, tunnel: undefined, lines: 5 },
    "info    output left out program=exec:cat pid=9 route=/vnc lines=5",
  ]],
  "guard-missing": [[
    { reason: "no sh" },
    'warning programs will outlive wstunnel if it is killed with SIGKILL reason="no sh"',
  ]],
  "reaper-missing": [[
    { reason: "no FFI" },
    'warning orphaned processes will stay as zombies reason="no FFI"',
  ]],
  "orphan-reaped": [[{ pid: 9 }, "debug   orphaned process reaped pid=9"]],
};
