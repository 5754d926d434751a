/**
 * Lays out the file tree of the image in a folder: the executable and what it needs to run where nothing else is.
 * `deno task rootfs [FOLDER]`; the Dockerfile makes its last stage of the same folder.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { BuildError, ROOT, run, runScript } from "./compile.ts";

/** No name for it is needed outside; 65532 is what images without a shell use by custom. */
const USER_ID = 65532;

const EXECUTABLE = "/usr/bin/wstunnel";

/** Its notice goes with every copy. */
const LICENSE = "/usr/share/licenses/wstunnel/LICENSE";

const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

/** The image's own files. `resolv.conf` is the engine's, as is `hosts` where there is one. */
const FILES: Readonly<Record<string, string>> = {
  "/etc/passwd": `wstunnel:x:${USER_ID}:${USER_ID}:wstunnel:/:/usr/sbin/nologin\n`,
  "/etc/group": `wstunnel:x:${USER_ID}:\n`,
  "/etc/nsswitch.conf": "hosts: files dns\n",
  "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
};

/** Where the engine mounts what is not ours; a root that can't be written has to have them. */
const MOUNT_POINTS = ["/proc", "/sys", "/dev", "/run", "/tmp"];

/** Writes the tree, in place of one that is there; gives the paths of the shared libraries in it. */
export async function layOut(executable: string, folder: string): Promise<readonly string[]> {
  const libraries = await librariesOf(executable);
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  for (const path of MOUNT_POINTS) await Deno.mkdir(folder + path, { recursive: true });
  await Deno.chmod(`${folder}/tmp`, 0o1777);
  const copies = Object.fromEntries([...libraries, CERTIFICATES].map((path) => [path, path]));
  const ours = { [EXECUTABLE]: executable, [LICENSE]: fileURLToPath(new URL("LICENSE", ROOT)) };
  for (const [to, from] of Object.entries({ ...copies, ...ours })) {
    await makeFolder(folder + to);
    await Deno.copyFile(from, folder + to).catch((error) => {
      throw new BuildError(`cannot copy ${from}, is its package installed? ${error.message}`);
    });
    await Deno.chmod(folder + to, [CERTIFICATES, LICENSE].includes(to) ? 0o644 : 0o755);
  }
  for (const [path, text] of Object.entries(FILES)) {
    await makeFolder(folder + path);
    await Deno.writeTextFile(folder + path, text, { mode: 0o644 });
  }
  return libraries;
}

/** The loader and the libraries that an executable asks for, where this machine has them. */
async function librariesOf(executable: string): Promise<string[]> {
  const { ok, output, errors } = await run("ldd", [executable]);
  if (!ok) throw new BuildError(`ldd ${executable}: ${errors.trim()}`);
  const missing = /^\s*(\S+) => not found/m.exec(output)?.[1];
  if (missing !== undefined) {
    throw new BuildError(`${executable} needs ${missing}, which isn't here`);
  }
  return [...output.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path!);
}

async function makeFolder(path: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
}

if (import.meta.main) {
  await runScript("rootfs", async () => {
    const { values, positionals: [folder = "dist/rootfs"] } = parseArgs({
      args: Deno.args,
      allowPositionals: true,
      options: { executable: { type: "string", default: "dist/wstunnel" } },
    });
    const libraries = await layOut(values.executable, folder);
    console.log(`${folder}: ${EXECUTABLE} and\n${libraries.map((path) => `  ${path}`).join("\n")}`);
  });
}
