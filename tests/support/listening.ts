/** Where a process listens, as the system says it (proc_net_tcp(5)). */

/** The TCP ports, IPv4, that a process listens at. */
export function listeningPorts(pid: number): number[] {
  const sockets = new Set(
    [...Deno.readDirSync(`/proc/${pid}/fd`)].flatMap(({ name }) =>
      inodeOf(`/proc/${pid}/fd/${name}`)
    ),
  );
  return Deno.readTextFileSync(`/proc/${pid}/net/tcp`).split("\n").slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => words[3] === LISTEN && sockets.has(words[9]!))
    .map((words) => parseInt(words[1]!.split(":")[1]!, 16));
}

const LISTEN = "0A";

function inodeOf(link: string): string[] {
  try {
    return /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(link))?.slice(1) ?? [];
  } catch {
    // Closed meanwhile.
    return [];
  }
}
