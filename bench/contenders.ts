/** Who takes part in a comparison, from the options: programs of ours, and the peers that they are compared with. */
import { lighttpdCommand, lighttpdVersion, ourCommand, type ServerCommand } from "./server.ts";

export interface Contender {
  /** As the tables call it. */
  readonly name: string;
  /** What it is, for whoever reads the figures elsewhere. */
  readonly about: string;
  readonly command: ServerCommand;
}

/** The options that name them, in the order in which they were given. */
export interface ContenderOptions {
  /** An engine of ours, and flags behind it. */
  readonly engine: readonly string[];
  /** `[NAME=]COMMAND`. */
  readonly ours: readonly string[];
  /** `[NAME=]PATH` of a lighttpd. */
  readonly peer: readonly string[];
  /** `[NAME=]COMMAND`. */
  readonly beside: readonly string[];
}

/** All of them; the wanted ratios are of the first to the reference. */
export interface Contenders {
  readonly all: readonly Contender[];
  /** Which one the others are compared with: the first peer. */
  readonly reference: number;
}

const DEFAULT_ENGINE = "loop";
const DEFAULT_PEER = "lighttpd";

/** A lighttpd's configuration goes to the folder; throws where one isn't there, or where two share a name. */
export async function chooseContenders(
  options: ContenderOptions,
  folder: string,
  backendPort: number,
): Promise<Contenders> {
  const isOurs = options.engine.length + options.ours.length > 0;
  const ours = [
    ...(isOurs ? options.engine : [DEFAULT_ENGINE]).map(ourEngine),
    ...options.ours.map((text) => other(named(text, "ours"))),
  ];
  const isPeer = options.peer.length + options.beside.length > 0;
  const peers: Contender[] = [];
  for (const text of isPeer ? options.peer : [DEFAULT_PEER]) {
    const backends = { "/": backendPort };
    peers.push(await lighttpd(named(text, "lighttpd"), `${folder}/${peers.length}`, backends));
  }
  peers.push(...options.beside.map((text) => other(named(text, "beside"))));
  const all = [...ours, ...peers];
  const twice = all.find(({ name }, at) => all.findIndex((one) => one.name === name) < at);
  if (twice) throw new Error(`Two are called '${twice.name}': give them names, as in NAME=PATH`);
  return { all, reference: ours.length };
}

/** A value with its name in front, `NAME=VALUE`; a name has no blank and no slash, so that a command may hold `=`. */
export function named(text: string, otherwise: string): { name: string; value: string } {
  const { name, value } = /^(?<name>[^\s/=]+)=(?<value>.*)$/s.exec(text)?.groups ?? {};
  return { name: name ?? otherwise, value: value ?? text };
}

function ourEngine(engine: string): Contender {
  return { name: engine, about: `ours, --engine ${engine}`, command: ourCommand(engine) };
}

function other({ name, value }: { name: string; value: string }): Contender {
  return { name, about: value, command: value.split(/\s+/) };
}

/** A lighttpd, whose configuration goes to the folder; backends: their ports, by path. Throws where there is none. */
export async function lighttpd(
  { name, value }: { name: string; value: string },
  folder: string,
  backends: Readonly<Record<string, number>>,
): Promise<Contender> {
  const about = await lighttpdVersion(value);
  if (about === null) {
    throw new Error(
      `The comparison needs lighttpd, and there is none as '${value}' (Debian: apt install lighttpd)`,
    );
  }
  return { name, about, command: await lighttpdCommand(value, folder, backends) };
}
