import assert from "node:assert/strict";
import type { Address } from "../../lib/base/address.ts";
import type { Listener } from "../../lib/engine/engine.ts";
import { listenAll, type OpenAt } from "../../lib/engine/listen.ts";
import { fromRuntime } from "../../lib/engine/peer.ts";
import { inFolder } from "../support/folder.ts";

type Closable = Pick<Listener, "address" | "close">;

/** An engine that only listens, on real sockets. */
function listening() {
  let open = 0;
  const listen: OpenAt<Closable> = ({ address }) => {
    const listener = address.transport === "tcp"
      ? Deno.listen({ hostname: address.hostname, port: address.port })
      : Deno.listen({ transport: "unix", path: address.path });
    open++;
    return {
      address: fromRuntime(listener.addr),
      close() {
        open--;
        listener.close();
        return Promise.resolve();
      },
    };
  };
  const listenOn = (addresses: readonly Address[]) =>
    listenAll(addresses.map((address) => ({ address })), listen);
  return { listenOn, open: () => open };
}

const ANY_PORT: Address = { transport: "tcp", hostname: "127.0.0.1", port: 0 };

async function problemOf(addresses: readonly Address[]): Promise<string> {
  const { listenOn, open } = listening();
  const result = await listenOn(addresses);
  assert("problem" in result);
  assert.equal(open(), 0, "no listener is left open");
  return result.problem;
}

Deno.test("`listenAll()` listens at every address and gives the real ports", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/x.sock`;
    const { listenOn, open } = listening();
    const result = await listenOn([ANY_PORT, { transport: "unix", path }, ANY_PORT]);
    assert("held" in result);
    assert.equal(open(), 3);
    const [one, two, three] = result.held.map(({ listener: { address } }) => address);
    assert(one!.transport === "tcp" && one!.port > 0);
    assert.deepEqual(two, { transport: "unix", path });
    assert.notDeepEqual(three, one);
    await Promise.all(result.held.map(({ listener }) => listener.close()));
  });
});

Deno.test("`listenAll()` says which port is taken and closes what it had opened", async () => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const problem = await problemOf([ANY_PORT, { transport: "tcp", hostname: "127.0.0.1", port }]);
  assert.equal(problem, `cannot listen on 127.0.0.1:${port}: another program listens there`);
  taken.close();
});

Deno.test("`listenAll()` says that an address is not this machine's", async () => {
  const problem = await problemOf([{ transport: "tcp", hostname: "192.0.2.1", port: 0 }]);
  assert.equal(problem, "cannot listen on 192.0.2.1:0: this machine has no such address");
});

Deno.test("`listenAll()` leaves a unix-domain socket alone that another program listens at", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/x.sock`;
    const taken = Deno.listen({ transport: "unix", path });
    const problem = await problemOf([ANY_PORT, { transport: "unix", path }]);
    assert.match(problem, /^cannot listen on unix:.*: another program listens there/);
    (await taken.accept()).close();
    taken.close();
  });
});

Deno.test("`listenAll()` says that a file which is no socket stands in the way", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/x.sock`;
    await Deno.writeTextFile(path, "precious");
    const problem = await problemOf([{ transport: "unix", path }]);
    assert.equal(
      problem,
      `cannot listen on unix:${path}: another program listens there, or the file is no socket`,
    );
    assert.equal(await Deno.readTextFile(path), "precious");
  });
});

Deno.test("`listenAll()` says that a unix-domain socket's folder is missing", async () => {
  const problem = await problemOf([{ transport: "unix", path: "/nowhere/at/all/x.sock" }]);
  assert.match(problem, /^cannot listen on unix:\/nowhere\/at\/all\/x.sock: No such file/);
});

Deno.test("`listenAll()` says that a name has no address", async () => {
  const problem = await problemOf([ANY_PORT, { transport: "tcp", hostname: "a.invalid", port: 0 }]);
  assert.match(problem, /^cannot listen on a\.invalid:0: the name has no address \(E[A-Z_]+\)$/);
});

Deno.test("`listenAll()` asks for another free port until all addresses of a name have it", async () => {
  const asked: Address[] = [];
  let refusals = 3;
  let open = 0;
  const listen: OpenAt<Closable> = ({ address }) => {
    asked.push(address);
    assert(address.transport === "tcp");
    if (address.hostname === "::1" && refusals-- > 0) throw new Deno.errors.AddrInUse("taken");
    open++;
    const real = { ...address, port: address.port || 1000 + asked.length };
    return {
      address: real,
      close: () => Promise.resolve(void open--),
    };
  };
  const localhost = { address: { transport: "tcp", hostname: "localhost", port: 0 } } as const;
  const result = await listenAll([localhost], listen);
  assert("held" in result);
  assert.deepEqual(
    result.held.map(({ listener: { address } }) => address),
    ["127.0.0.1", "::1"].map((hostname) => ({ transport: "tcp", hostname, port: 1007 })),
  );
  assert.equal(open, 2);
  refusals = Infinity;
  assert.deepEqual(await listenAll([localhost], listen), {
    problem: "cannot listen on localhost:0: another program listens there",
  });
  assert.equal(open, 2, "no other listener is left open");
});
