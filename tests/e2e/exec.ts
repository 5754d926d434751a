/**
 * wstunnel with a program for each tunnel.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Program, type StartOptions } from "../support/program.ts";
import { closePayload, Opcode, type RawClient } from "../support/raw_client.ts";
import { type Engine, PLAIN } from "./engine_limits.ts";
import { type Report, reportThat } from "./report.ts";
import { BINARY_FRAMES, startWithFile, text } from "./whole.ts";

export const sh = (script: string) => ["/bin/sh", "-c", script];

/** Starts wstunnel with a program for each tunnel. */
export function startExec(
  command: readonly string[],
  host = "",
  options: StartOptions = {},
  engine: Engine = PLAIN,
): Promise<Program> {
  const text = `
engine = "${engine}"
[wstunnel]
${BINARY_FRAMES}
[[wstunnel.server."/"]]
exec = ${JSON.stringify(command)}
disable-time = 0.1
${host}
`;
  return startWithFile(text, options);
}

/** All that comes up to the Close, which must be one of a program's end. */
export async function readAll(client: RawClient): Promise<string> {
  let all = "";
  for (;;) {
    const { opcode, payload } = await client.frame();
    if (opcode === Opcode.CLOSE) {
      assert.equal(new DataView(payload.buffer).getUint16(0), 1000);
      return all;
    }
    assert.equal(opcode, Opcode.BINARY);
    all += text(payload);
  }
}

export async function closeWell(client: RawClient): Promise<void> {
  await client.send(Opcode.CLOSE, closePayload(1000));
  assert.equal((await client.closed()).code, 1000);
  await client.end();
}

/** Waits until no program of a tunnel is left, and no load. */
export async function allEnded(program: Program, deadlineMs?: number): Promise<void> {
  const one = ({ rows }: Report) => rows.length === 1;
  const { rows } = await reportThat(program, "no program", one, deadlineMs);
  assert.equal(rows[0]!.load, 0);
}
