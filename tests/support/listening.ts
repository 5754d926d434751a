/** The TCP sockets of a process, IPv4, as the system tells of them (proc_net_tcp(5)). */

interface TcpSocket {
  readonly isListening: boolean;
  readonly localPort: number;
  /** 0 of one that listens. */
  readonly remotePort: number;
}

/** The ports that a process listens at. */
export function listeningPorts(pid: number): number[] {
  return socketsOf(pid).filter(({ isListening }) => isListening).map(({ localPort }) => localPort);
}

/** The ports at either end of its connections. */
export function connectedPorts(pid: number): number[] {
  return socketsOf(pid).filter(({ isListening }) => !isListening)
    .flatMap(({ localPort, remotePort }) => [localPort, remotePort]);
}

const LISTEN = "0A";

function socketsOf(pid: number): TcpSocket[] {
  const sockets = new Set(
    [...Deno.readDirSync(`/proc/${pid}/fd`)].flatMap(({ name }) =>
      inodeOf(`/proc/${pid}/fd/${name}`)
    ),
  );
  const portIn = (address: string) => parseInt(address.split(":")[1]!, 16);
  return Deno.readTextFileSync(`/proc/${pid}/net/tcp`).split("\n").slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => sockets.has(words[9]!))
    .map(([, local, remote, state]) => ({
      isListening: state === LISTEN,
      localPort: portIn(local!),
      remotePort: portIn(remote!),
    }));
}

function inodeOf(link: string): string[] {
  try {
    return /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(link))?.slice(1) ?? [];
  } catch {
    // Closed meanwhile.
    return [];
  }
}
