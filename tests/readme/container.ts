/** A container that is as this machine for somebody who has just come to it, made of its own programs. */
import { fileURLToPath } from "node:url";
import { notInstalled } from "../support/installed.ts";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

/** Namespaces of its own; all in them ends with the one that made them. */
const UNSHARE = [
  ...["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"],
  ...["--net", "--ipc", "--uts"],
];

/** What container.sh asks of the system. */
const TRIAL = `
mount -t tmpfs tmpfs /mnt && mkdir /mnt/written /mnt/work /mnt/usr /mnt/pts &&
mount -t overlay -o lowerdir=/usr,upperdir=/mnt/written,workdir=/mnt/work overlay /mnt/usr &&
mount -t devpts -o newinstance devpts /mnt/pts && ip link set lo up && chroot / true`;

/** Programs that the README's blocks run, and files of their packages. */
const PROGRAMS = [
  "bash caddy curl haproxy htpasswd ip logrotate mkpasswd mosquitto nginx ngircd npx openssl promtool psql python3",
  "redis-server script setpriv socat ss ssh sshd systemd-socket-activate unshare useradd Xtigervnc",
  "/usr/lib/postgresql /usr/share/novnc",
].flatMap((words) => words.split(" "));

/** What wstunnel imports, and the programs of the README. */
const IMPORTS = [`${REPOSITORY}deno.json`, `${REPOSITORY}tests/recipes/npm/deno.json`];

/** Where npx keeps what it has fetched. */
const NPM = Deno.env.get("npm_config_cache") ?? `${Deno.env.get("HOME")}/.npm`;

/** Why there is no container on this machine; null: there is one. */
export function whyNoContainer(): string | null {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "it takes root on Linux";
  const missing = notInstalled(PROGRAMS);
  if (missing !== null) return missing;
  if (!runs("unshare", ...UNSHARE, "sh", "-c", TRIAL)) {
    return "namespaces and overlays are not permitted";
  }
  const fetch = (imports: string) =>
    runs(Deno.execPath(), "install", "--quiet", "--frozen", "--config", imports);
  if (!IMPORTS.every(fetch)) return "Deno cannot fetch what is imported";
  const version = [`deno@${Deno.version.deno}`, "--version"];
  const isFetched = runs("npx", "--offline", "-y", ...version) || runs("npx", "-y", ...version);
  return isFetched ? null : "npx cannot fetch this Deno";
}

/** What may have to be fetched first is long in coming. */
const FETCH_SECONDS = "120";

function runs(...words: readonly string[]): boolean {
  const command = new Deno.Command("timeout", {
    args: ["--kill-after=1", FETCH_SECONDS, ...words],
    cwd: "/",
    stdout: "null",
    stderr: "null",
  });
  return command.outputSync().success;
}

/** Where Deno keeps what it has fetched of npm. */
function packagesFolder(): string {
  const { stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"], cwd: "/" })
    .outputSync();
  return JSON.parse(new TextDecoder().decode(stdout)).npmCache;
}

/** Starts run.ts with a page in the container; its output and its exit code are the process's. */
export function startInContainer(
  page: string,
  headings: readonly string[],
  stdout: "piped" | "inherit",
): Deno.ChildProcess {
  const script = `${REPOSITORY}tests/readme/container.sh`;
  const deno = Deno.realPathSync(Deno.execPath());
  const child = new Deno.Command("unshare", {
    args: [...UNSHARE, "bash", script, REPOSITORY, deno, packagesFolder(), NPM, ...headings],
    stdin: "piped",
    stdout,
    stderr: "inherit",
  }).spawn();
  // One that ends before it has read the page says why.
  new Blob([page]).stream().pipeTo(child.stdin).catch(() => {});
  return child;
}
