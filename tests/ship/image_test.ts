import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { echo, serveBackend } from "../support/backends.ts";
import { DEADLINE_MS, eventually } from "../support/eventually.ts";
import { closePayload, Opcode, openTunnel } from "../support/raw_client.ts";
import { compileInto, NO_NAMESPACES, runTask, testUnless } from "./executable.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const NO_IMAGE = NO_NAMESPACES ?? missingProgram("podman", "buildah", "runc");

function missingProgram(...names: string[]): string | null {
  for (const name of names) {
    try {
      new Deno.Command(name, { args: ["--version"], stdout: "null" }).outputSync();
    } catch {
      return `${name} isn't installed`;
    }
  }
  return null;
}

const LIMITS = ["--ulimit", "nofile=10000:20000", "--ulimit", "nproc=1000:1000"];

/** Where the image listens unless it is told otherwise. */
const IMAGE_PORT = 8080;

function isFree(port: number): boolean {
  try {
    Deno.listen({ port }).close();
    return true;
  } catch {
    return false;
  }
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const signal = AbortSignal.timeout(3 * DEADLINE_MS);
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd: ROOT,
    signal,
  }).output();
  const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) throw new Error(`${program} ${args.join(" ")} failed:\n${out}${error}`);
  return out!;
}

testUnless(NO_IMAGE, "the image is built, serves, is healthy and stops", async (t) => {
  const folder = await Deno.makeTempDir();
  const store = [
    "--storage-driver",
    "vfs",
    "--root",
    `${folder}/store`,
    "--runroot",
    `${folder}/run`,
  ];
  const runtime = ["--runtime", "runc", "--cgroup-manager", "cgroupfs"];
  const podman = (...args: string[]) => run("podman", [...store, ...runtime, ...args]);
  const podmanLogs = (container: string) =>
    run("sh", ["-c", 'podman "$@" 2>&1', "sh", ...store, ...runtime, "logs", container]);
  const image = "localhost/wstunnel:test";
  const name = `wstunnel-${Deno.pid}`;
  const inspect = async (format: string) =>
    (await podman("inspect", "--format", format, name)).trim();
  const sockets = `${folder}/sockets`;
  try {
    await t.step("buildah builds it from the file tree", async () => {
      await runTask("rootfs", "--executable", await compileInto(folder), `${folder}/rootfs`);
      // No registry is asked: the folder stands for the builder's stage.
      const context = ["--build-context", `builder=${folder}`];
      const how = ["--format", "docker", "--isolation", "chroot", "--tag", image];
      await run("buildah", [...store, "build", ...how, ...context, "."]);
    });

    await Deno.mkdir(sockets);
    await Deno.chown(sockets, 65532, 65532);
    await using _backend = serveBackend(echo, { path: `${sockets}/backend.sock` });
    await Deno.chmod(`${sockets}/backend.sock`, 0o777);

    await t.step(
      "it serves on a read-only root as nobody, its own port beside a socket",
      async () => {
        const closed = ["--read-only", "--read-only-tmpfs=false", "--cap-drop", "all"];
        const place = ["--network", "none", "--volume", `${sockets}:/sockets`];
        const serve = ["--server", "unix:/sockets/backend.sock", "--frame-type", "binary"];
        await podman(
          ...["run", "--detach", "--name", name, ...LIMITS, ...closed, ...place, image],
          ...[...serve, "--listen", ":8080", "--listen", "unix:/sockets/listen.sock"],
        );
        await eventually("its listener", () => hasSocket(`${sockets}/listen.sock`));
        const pid = await inspect("{{.State.Pid}}");
        assert.match(Deno.readTextFileSync(`/proc/${pid}/status`), /^Uid:\t65532\t65532/m);
        assert.equal(await inspect("{{.HostConfig.ReadonlyRootfs}}"), "true");
        const line = /listening on \[::\]:8080 engine=loop$/m;
        await eventually("its log", async () => line.test(await podmanLogs(name)));
        const license = '{{index .Config.Labels "org.opencontainers.image.licenses"}}';
        assert.equal(await inspect(license), "MIT");
      },
    );

    await t.step("podman finds it healthy", async () => {
      await podman("healthcheck", "run", name);
      assert.equal(await inspect("{{.State.Health.Status}}"), "healthy");
    });

    await t.step("it ends its tunnels and stops within the grace time", async () => {
      using client = await openTunnel(`unix:${sockets}/listen.sock`);
      await client.send(Opcode.BINARY, "through the container");
      const bytes = await client.message(Opcode.BINARY);
      assert.equal(new TextDecoder().decode(bytes), "through the container");
      const graceSeconds = 9;
      const startedAt = performance.now();
      const stopped = podman("stop", "--time", String(graceSeconds), name);
      assert.equal((await client.closed()).code, 1001);
      await client.send(Opcode.CLOSE, closePayload(1001));
      client[Symbol.dispose]();
      await stopped;
      assert(performance.now() - startedAt < graceSeconds * 1000);
      assert.equal(await inspect("{{.State.ExitCode}}"), "0");
    });

    await t.step("a mounted file says where it listens, and a flag beats the file", async () => {
      const file = 'listen = "unix:/sockets/file.sock"\n[wstunnel.server."/"]\nport = 9\n';
      await Deno.writeTextFile(`${sockets}/wstunnel.toml`, file);
      const config = ["--config", "/sockets/wstunnel.toml"];
      const cases: [flags: string[], listener: string][] = [
        [[], "unix:/sockets/file.sock"],
        [["--listen", "unix:/sockets/flag.sock"], "unix:/sockets/flag.sock"],
      ];
      for (const [flags, listener] of cases) {
        await podman("rm", "--force", name);
        const place = ["--network", "none", "--volume", `${sockets}:/sockets`];
        await podman(
          ...["run", "--detach", "--name", name, ...LIMITS, ...place, image, ...config],
          ...[...flags, "--log-format", "json"],
        );
        const path = listener.replace("unix:/sockets", sockets);
        await eventually("its listener", () => hasSocket(path));
        await podman("stop", "--time", "9", name);
        const logged = [...(await podmanLogs(name)).matchAll(/"listening on ([^"]+)"/g)];
        assert.deepEqual(logged.map(([, address]) => address), [listener]);
      }
    });

    await t.step({
      name: "it serves by TCP a backend that it has the name of, on the host's network",
      ignore: !isFree(IMAGE_PORT),
      fn: async () => {
        await using named = serveBackend(echo);
        const { port } = new URL(`tcp://${named.address}`);
        await podman("rm", "--force", name);
        const place = ["--network", "host", "--read-only", "--add-host", "backend.test:127.0.0.1"];
        const serve = ["--server", `backend.test:${port}`, "--frame-type", "binary"];
        await podman("run", "--detach", "--name", name, ...LIMITS, ...place, image, ...serve);
        using client = (await eventually(
          "a tunnel",
          () => openTunnel(`127.0.0.1:${IMAGE_PORT}`).catch(() => null),
        ))!;
        await client.send(Opcode.BINARY, "by TCP");
        assert.equal(new TextDecoder().decode(await client.message(Opcode.BINARY)), "by TCP");
        await client.close(1000);
      },
    });
  } finally {
    await podman("rm", "--force", "--ignore", name).catch(() => {});
    await Deno.remove(folder, { recursive: true });
  }
});

function hasSocket(path: string): boolean {
  try {
    return Deno.statSync(path).isSocket === true;
  } catch {
    return false;
  }
}
