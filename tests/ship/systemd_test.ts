/** The executable as a service, by the unit in `packaging/`, under a systemd that is process 1 of a namespace, with its journal. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { echo, freePort, serveBackend } from "../support/backends.ts";
import { DEADLINE_MS, eventually } from "../support/eventually.ts";
import { childrenOf } from "../support/processes.ts";
import { Opcode, openTunnel } from "../support/raw_client.ts";
import { compileInto, NO_NAMESPACES, testUnless } from "./executable.ts";

/** What is packaged, at the place and the address that it has here. */
async function packaged(name: string, address: string): Promise<string> {
  const path = fileURLToPath(new URL(`../../packaging/${name}`, import.meta.url));
  return (await Deno.readTextFile(path))
    .replaceAll("/usr/bin/wstunnel", `${PLACE}/wstunnel`)
    .replaceAll("/etc/wstunnel.toml", `${PLACE}/wstunnel.toml`)
    .replace("ListenStream=8080", `ListenStream=${address}`)
    // What a unit waits for as a rule isn't there.
    .replace("[Socket]", "DefaultDependencies=no\n[Socket]");
}

/** Where the unit is to find the program: folders of this machine's are hidden from it. */
const PLACE = "/opt/wstunnel-test";

/** A group of its own, so that systemd, which takes charge of all that it sees, sees nobody else. */
const GROUP = `wstunnel-test-${Deno.pid}`;

/** Nothing but the service and the journal is started, in memory alone. */
const BOOT = `set -e
folder=$1
mount --make-rprivate /
mount -t cgroup2 none "$folder/groups"
mkdir "$folder/groups/${GROUP}"
echo $$ >"$folder/groups/${GROUP}/cgroup.procs"
exec unshare --cgroup --mount --uts --ipc --pid --fork --mount-proc sh -ec '
umount -l /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 none /sys/fs/cgroup
for each in /run /opt /etc/systemd/system; do mount -t tmpfs none $each; done
mkdir -p ${PLACE} /run/lock /run/systemd/system/wstunnel.service.d /run/systemd/journald.conf.d
cp "$0/wstunnel" "$0/wstunnel.toml" ${PLACE}
chmod -R a+rX /opt
cp "$0/wstunnel.service" "$0/wstunnel.socket" "$0/test.target" /run/systemd/system
cp "$0/test.conf" /run/systemd/system/wstunnel.service.d
cp "$0/journal.conf" /run/systemd/journald.conf.d
export container=test
exec /lib/systemd/systemd --system --unit=test.target --log-target=null --show-status=no
' "$folder"
`;

/** It stops within a time that draining is longer than, and is looked after by the second. */
const SETTINGS = `[Unit]
DefaultDependencies=no
After=
Wants=
[Service]
TimeoutStopSec=2
WatchdogSec=2
`;

interface Systemd {
  /** Runs a command where systemd is; gives what it printed. */
  run(...command: string[]): string;
  /** The same while others go on here. */
  start(...command: string[]): Promise<void>;
  /** A property of the service's. */
  property(name: string): string;
  /** The words of its messages so far, by `journalctl`'s options. */
  journal(...options: string[]): string;
}

function output(program: string, ...args: string[]): string {
  const { success, stdout, stderr } = new Deno.Command(program, { args }).outputSync();
  const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${error}`);
  return out!;
}

const NO_SYSTEMD = NO_NAMESPACES ?? whyNoSystemd();

function whyNoSystemd(): string | null {
  try {
    output("/lib/systemd/systemd", "--version");
    output("nsenter", "--version");
    output("unshare", "--mount", "sh", "-ec", "mount -t cgroup2 none /mnt");
    return null;
  } catch {
    return "systemd isn't installed, or can't have control groups of its own";
  }
}

async function withSystemd(
  folder: string,
  files: Readonly<Record<string, string>>,
  body: (systemd: Systemd) => Promise<void>,
): Promise<void> {
  await Deno.mkdir(`${folder}/groups`);
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  const args = ["--mount", "sh", "-c", BOOT, "sh", folder];
  const child = new Deno.Command("unshare", { args, stdin: "null" }).spawn();
  const init = () =>
    childrenOf(child.pid).find((pid) => Deno.readTextFileSync(`/proc/${pid}/comm`) === "systemd\n");
  try {
    const pid = String(await eventually("systemd", init));
    const run = (...command: string[]) =>
      output("timeout", "20", "nsenter", "--target", pid, "--all", ...command);
    await eventually("it to be asked", () => {
      try {
        return run("systemctl", "show", "-p", "Version");
      } catch {
        return false;
      }
    });
    await body({
      run,
      async start(...command) {
        const args = ["20", "nsenter", "--target", pid, "--all", ...command];
        const { success, stderr } = await new Deno.Command("timeout", { args }).output();
        assert.ok(success, `${command.join(" ")}: ${new TextDecoder().decode(stderr)}`);
      },
      property: (name) => run("systemctl", "show", "wstunnel", "--value", "-p", name).trim(),
      journal: (...options) => run("journalctl", "--no-pager", "-u", "wstunnel", ...options),
    });
  } finally {
    const pid = init();
    // All that it has started ends with it.
    if (pid !== undefined) Deno.kill(pid, "SIGKILL");
    else child.kill("SIGKILL");
    await child.status;
    await eventually("its control groups to be empty", () => {
      try {
        const clear = `mount -t cgroup2 none "$0/groups"
        find "$0/groups/${GROUP}" -depth -type d -exec rmdir {} +`;
        output("unshare", "--mount", "sh", "-ec", clear, folder);
        return true;
      } catch {
        return false;
      }
    });
  }
}

/** Opens tunnels one after the other until it is stopped, each of which must echo; gives how many. */
function visitAgainAndAgain(address: string) {
  let count = 0;
  let stopping = false;
  const visits = (async () => {
    for (; !stopping; count++) {
      using client = await openTunnel(address);
      await client.send(Opcode.BINARY, "here");
      assert.equal(new TextDecoder().decode(await client.payload(4)), "here");
      await client.close(1000);
    }
  })();
  return {
    get count() {
      return count;
    },
    async stop() {
      stopping = true;
      await visits;
    },
  };
}

testUnless(
  NO_SYSTEMD,
  "under systemd the unit starts, reloads, drains past its time, is watched, and starts again behind a socket",
  async (t) => {
    await using backend = serveBackend(echo);
    const port = freePort();
    const folder = await Deno.makeTempDir();
    const address = `127.0.0.1:${port}`;
    const files = {
      "wstunnel.service": await packaged("wstunnel.service", address),
      "wstunnel.socket": await packaged("wstunnel.socket", address),
      "test.target": "[Unit]\nDefaultDependencies=no\n",
      "test.conf": SETTINGS,
      "journal.conf": "[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=no\n",
      "wstunnel.toml": `listen = "127.0.0.1:${port}"
drain-time = 60
[wstunnel]
frame-type = "binary"
[[wstunnel.server."/"]]
port = ${backend.address.split(":")[1]}
`,
    };
    try {
      await compileInto(folder);
      await withSystemd(folder, files, async (systemd) => {
        const { run, start, property, journal } = systemd;
        run("systemctl", "start", "systemd-journald.service");
        const state = (wanted: string) =>
          eventually(`it to be ${wanted}`, () => property("ActiveState") === wanted);

        await t.step("it is started once it listens", async () => {
          run("systemctl", "start", "wstunnel");
          using client = await openTunnel(`127.0.0.1:${port}`);
          assert.equal(property("SubState"), "running");
          await eventually("its status", () => property("StatusText") === "1 tunnel");
          await client.close(1000);
        });

        await t.step("a reload that is refused is its status", async () => {
          run("sed", "-i", "s/= 60/= -60/", `${PLACE}/wstunnel.toml`);
          run("systemctl", "reload", "wstunnel");
          const refused = /the last reload was refused: .*wstunnel\.toml:2: drain-time: /;
          await eventually("its status", () => refused.test(property("StatusText")));
          run("sed", "-i", "s/= -60/= 60/", `${PLACE}/wstunnel.toml`);
          run("systemctl", "reload", "wstunnel");
          await eventually("its status", () => /^\d tunnels?$/.test(property("StatusText")));
          assert.equal(property("ActiveState"), "active");
        });

        await t.step("the journal has levels, and no times of ours", async () => {
          const all = () => journal("-o", "cat");
          // Nothing that it needs is forbidden by the unit.
          await eventually(
            "its lines",
            () => /^info {4}listening on \S+ engine=loop$/m.test(all()),
          );
          assert.match(journal("-o", "cat", "-p", "err"), /^error {3}.*drain-time: /m);
          assert.doesNotMatch(journal("-o", "cat", "-p", "err"), /listening/);
          assert.doesNotMatch(all(), /^<|^\d{4}-/m);
        });

        await t.step("it is ended when it hangs, and started again", async () => {
          const pid = property("MainPID");
          // 0, where it isn't running, would be this test itself.
          assert.ok(Number(pid) > 1, pid);
          run("kill", "-STOP", pid);
          await eventually("another start", () => property("NRestarts") === "1", 2 * DEADLINE_MS);
          await state("active");
        });

        await t.step("it drains for longer than TimeoutStopSec", async () => {
          using client = await openTunnel(`127.0.0.1:${port}`);
          await eventually("its status", () => property("StatusText") === "1 tunnel");
          const stopped = performance.now();
          run("systemctl", "stop", "--no-block", "wstunnel");
          await state("deactivating");
          // Twice the time that the unit gives.
          await eventually("the time to be over", () => performance.now() > stopped + 4_000);
          await client.send(Opcode.BINARY, "still here");
          assert.equal(new TextDecoder().decode(await client.payload(10)), "still here");
          assert.equal(property("StatusText"), "ending, 1 tunnel left");
          await client.close(1000);
          client[Symbol.dispose]();
          await state("inactive");
          assert.equal(property("Result"), "success");
        });

        await t.step("where systemd has the socket, starting again refuses nobody", async () => {
          run("sed", "-i", 's/^listen = .*/listen = "fd:wstunnel"/', `${PLACE}/wstunnel.toml`);
          run("systemctl", "start", "wstunnel.socket");
          const visitors = Array.from({ length: 4 }, () => visitAgainAndAgain(address));
          try {
            // The first of them starts it.
            await eventually("visits", () => visitors.every(({ count }) => count > 0));
            for (let restarts = 0; restarts < 3; restarts++) {
              const pid = property("MainPID");
              const before = visitors.map(({ count }) => count);
              await start("systemctl", "restart", "wstunnel");
              assert.notEqual(property("MainPID"), pid);
              await eventually(
                "visits to the next",
                () => visitors.every(({ count }, at) => count > before[at]! + 2),
              );
            }
          } finally {
            await Promise.all(visitors.map((visitor) => visitor.stop()));
          }
        });
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
