/**
 * Secrets that lie among the files that are sent to whoever asks: a key beside the page that it was made for, most of all.
 *
 * @module
 */
import { secretFilesOfAdmin } from "./admin_files.ts";
import { secretFilesOfAuth } from "./auth_tables.ts";
import { keysOfListeners } from "./listener_files.ts";
import type { Machine } from "./machine.ts";
import type { Finding, SecretFile } from "./problem.ts";
import { secretFilesOfTargets } from "./target_files.ts";
import { keysOfHosts } from "./tls_files.ts";
import { eachRoot } from "./web_files.ts";

/** Warns of each that stands below a root of `web`, under a name that is shown. */
export function warnOfServedSecrets(raw: unknown, machine: Machine): Finding[] {
  const roots = eachRoot(raw).map(({ root }) => ({ root, real: machine.realPath(root) }));
  if (roots.length === 0) return [];
  const secrets: SecretFile[] = [
    ...secretFilesOfAdmin(raw),
    ...secretFilesOfAuth(raw),
    ...keysOfListeners(raw),
    ...keysOfHosts(raw),
    ...secretFilesOfTargets(raw),
  ];
  return secrets.flatMap(({ file, path }): Finding[] => {
    const found = machine.realPath(file);
    const served = roots.find(({ real }) => isShownBelow(real, found));
    if (served === undefined) return [];
    const rule = `${JSON.stringify(file)} is sent to whoever may have files: it is in ` +
      `${JSON.stringify(served.root)}, which is web's`;
    return [{ path, rule }];
  });
}

/** As files are served: not by a name that begins with a dot. */
function isShownBelow(root: string | null, file: string | null): boolean {
  if (root === null || file === null) return false;
  const start = root.endsWith("/") ? root : `${root}/`;
  return file.startsWith(start) && !/(?:^|\/)\./.test(file.slice(start.length));
}
