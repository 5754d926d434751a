import assert from "node:assert/strict";
import type { Address } from "../../lib/base/address.ts";
import { canGiveDescriptors } from "../../lib/sys/descriptors.ts";
import { freePort } from "../support/backends.ts";
import {
  createPool,
  end,
  failed,
  hostConfig,
  keptLog,
  leased,
  programConfig,
  request,
  roundTrip,
  route,
} from "./setting.ts";

/** Accepts on the descriptor it is told and answers what it has found of its start. */
const PYTHON = `
import os, socket, sys
descriptor = int(sys.argv[1])
listener = socket.socket(fileno=descriptor)
pid = os.environ.get("LISTEN_PID")
told = "%s %s" % (os.environ.get("LISTEN_FDS"), pid and int(pid) == os.getpid())
listening = os.readlink("/proc/self/fd/%d" % descriptor)
entries = ["/proc/self/fd/" + name for name in os.listdir("/proc/self/fd")]
copies = sum(os.path.lexists(entry) and os.readlink(entry) == listening for entry in entries)
zero = os.path.realpath("/proc/self/fd/0")
while True:
    connection, _ = listener.accept()
    with connection:
        if connection.recv(100):
            connection.sendall(("%s %d %s\\n" % (told, copies, "null" if zero == "/dev/null" else "socket")).encode())
`;

const folder = () => Deno.makeTempDirSync();

for (const family of ["unix", "tcp"] as const) {
  for (
    const { handover, descriptor, expected } of [
      { handover: "stdin", descriptor: "0", expected: "None None 1 socket\n" },
      { handover: "listen-fds", descriptor: "3", expected: "1 True 1 null\n" },
    ] as const
  ) {
    Deno.test(`\`ProgramHost\` hands a ${family} socket over by ${handover}`, async () => {
      const path = folder();
      const address: Address = family === "unix"
        ? { transport: "unix", path: `${path}/s` }
        : { transport: "tcp", hostname: "127.0.0.1", port: freePort() };
      const { events } = keptLog();
      const program = programConfig(["python3", "-c", PYTHON, descriptor], {
        handover,
        maxProcs: 1,
      });
      const pool = createPool(route(hostConfig(address, { program })), events);
      const before = Deno.readLinkSync("/proc/self/fd/0");
      await pool.start();
      const lease = leased(await pool.connect(request()));
      assert.equal(await roundTrip(lease, "x".repeat(expected.length)), expected);
      assert.equal(Deno.readLinkSync("/proc/self/fd/0"), before, "our own descriptor 0 is back");
      end(lease);
      await pool.stop();
      Deno.removeSync(path, { recursive: true });
    });
  }
}

/** Looks at our descriptor 0 all the time, from a thread of its own, until it is told to stop; then says what it has seen. */
const WATCHER = `
const seen = new Set();
let looks = 0;
let over = false;
onmessage = () => over = true;
const look = () => {
  for (let i = 0; i < 200; i++) seen.add(Deno.readLinkSync("/proc/self/fd/0"));
  looks += 200;
  if (over) postMessage({ seen: [...seen], looks });
  else setTimeout(look);
};
postMessage(null);
look();
`;

Deno.test({
  name:
    "`ProgramHost` leaves our own descriptor 0 alone, however many sockets are handed over at once",
  ignore: !canGiveDescriptors,
  async fn() {
    const path = folder();
    const watcher = new Worker(`data:text/javascript,${encodeURIComponent(WATCHER)}`, {
      type: "module",
    });
    const message = () => {
      const { promise, resolve } = Promise.withResolvers<MessageEvent>();
      watcher.onmessage = resolve;
      return promise;
    };
    await message();
    const before = Deno.readLinkSync("/proc/self/fd/0");
    const pools = Array.from({ length: 10 }, (_, i) => {
      const program = programConfig(["/bin/sleep", "300"], { handover: "stdin", maxProcs: 2 });
      const address: Address = { transport: "unix", path: `${path}/${i}` };
      return createPool(
        route(hostConfig(address, { program: { ...program, minProcs: 2 } })),
        keptLog().events,
      );
    });
    await Promise.all(pools.map((pool) => pool.start()));
    const told = message();
    watcher.postMessage(null);
    const { seen, looks } = (await told).data;
    watcher.terminate();
    await Promise.all(pools.map((pool) => pool.stop()));
    Deno.removeSync(path, { recursive: true });
    assert.ok(looks > 1000, `it has looked ${looks} times`);
    assert.deepEqual(seen, [before]);
  },
});

Deno.test("`ProgramHost` sees a program that crashes although its socket was handed over", async () => {
  const path = folder();
  const program = programConfig(["/bin/sh", "-c", "exit 5"], { handover: "stdin", maxProcs: 1 });
  const address: Address = { transport: "unix", path: `${path}/s` };
  const pool = createPool(route(hostConfig(address, { program })), keptLog().events);
  assert.match(failed(await pool.connect(request())).reason, /exit code 5/);
  await pool.stop();
  Deno.removeSync(path, { recursive: true });
});

Deno.test("`ProgramHost` says why a socket to hand over can't be made", async () => {
  const program = programConfig(["/bin/true"], { handover: "stdin", maxProcs: 1 });
  for (
    const { address, reason } of [
      { address: { transport: "unix", path: "/nonexistent/s" }, reason: /bind: No such file/ },
      {
        address: { transport: "tcp", hostname: "192.0.2.1", port: 9 },
        reason: /bind: |unreachable/,
      },
    ] as const
  ) {
    const pool = createPool(
      route(hostConfig(address, { program, connectTimeoutMs: 500 })),
      keptLog().events,
    );
    const failure = failed(await pool.connect(request()));
    assert.match(failure.reason, reason);
    await pool.stop();
  }
});
