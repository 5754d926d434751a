/**
 * Programs that we start.
 *
 * @module
 */
import type { Exit } from "../base/exit.ts";

/** Which process. */
export interface ProgramIdentity {
  /** The backend that it is, by its name. */
  readonly program: string;
  readonly pid: number;
  /** Of one that was started for a tunnel: whose, once that is open. */
  readonly route?: string;
  readonly tunnel?: number | undefined;
}

/** Programs that we start. */
export type ProgramEvent =
  /** It runs; whether it accepts connections is another matter. */
  | ({ readonly kind: "process-started" } & ProgramIdentity)
  /** It has ended, however it came to that; `asked`: we had asked it to. */
  | ({
    readonly kind: "process-ended";
    readonly exit: Exit;
    readonly asked: boolean;
  } & ProgramIdentity)
  /** It accepts connections; `again`: after an outage that was told. */
  | {
    readonly kind: "program-started";
    readonly program: string;
    readonly pid: number;
    readonly again: boolean;
  }
  /** It could not be started; once until it is. */
  | {
    readonly kind: "program-failed";
    readonly program: string;
    readonly reason: string;
    /** Its last lines, oldest first. */
    readonly output: readonly string[];
  }
  /** It ended by itself while it was to run on. */
  | {
    readonly kind: "program-ended";
    readonly program: string;
    readonly pid: number;
    readonly exit: Exit;
    /** Those it has ended with it. */
    readonly tunnels: number;
  }
  /** It ended by itself, and we are to end with it. */
  | { readonly kind: "exit-with-program"; readonly program: string; readonly exit: Exit }
  /** Something that we have not started listens at its address, and is used. */
  | { readonly kind: "program-foreign"; readonly program: string }
  /** More run than are needed: it is stopped. */
  | { readonly kind: "program-surplus"; readonly program: string }
  /** No host has it any more, and nobody uses it: it is stopped. */
  | { readonly kind: "program-let-go"; readonly program: string }
  /** Another command is to run at its address, and nobody uses it any more: it is stopped, and that one started. */
  | { readonly kind: "program-replaced"; readonly program: string; readonly pid: number }
  /** One started for a tunnel ended with a failure; `wanted`: its client was not done with it. */
  | ({
    readonly kind: "exec-failed";
    readonly exit: Exit;
    readonly wanted: boolean;
  } & ProgramIdentity)
  /** A line that it printed; costly. */
  | ({
    readonly kind: "program-output";
    readonly stream: "stdout" | "stderr";
    readonly line: string;
  } & ProgramIdentity)
  /** It prints faster than it is told of: so many lines are none. */
  | ({ readonly kind: "program-output-left-out"; readonly lines: number } & ProgramIdentity)
  /** Programs would outlive us if we were killed. */
  | { readonly kind: "guard-missing"; readonly reason: string }
  /** As the init process of a container we can't wait for orphans. */
  | { readonly kind: "reaper-missing"; readonly reason: string }
  | { readonly kind: "orphan-reaped"; readonly pid: number };
