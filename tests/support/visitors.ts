/** Clients that come all the time, whatever happens, and what becomes of them. */
import { eventually, inTime } from "./eventually.ts";
import { handshake, openRaw } from "./raw_client.ts";

/** How long one may wait for its answer: longer than any pause that a test makes. */
const PATIENCE_MS = 20_000;

/** As many wait at most: a machine that can't answer so many a second has fewer of them. */
const MOST_WAITING = 50;

export interface Visitors {
  /** How many have had each outcome so far: the status of their answer, or what went wrong. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** How many wait for their answer. */
  readonly waiting: number;
  /** Resolves when so many more have had one. */
  more(count: number): Promise<void>;
  /** Lets nobody come any more; resolves when those who are there have had their answer. */
  end(): Promise<Readonly<Record<string, number>>>;
}

/** Has clients ask for a tunnel at an address, `perSecond` of them, each on a connection of its own. */
export function visitors(address: string, perSecond: number): Visitors {
  const outcomes: Record<string, number> = {};
  const underWay = new Set<Promise<void>>();
  const visit = async () => {
    const outcome = await ask(address).catch(String);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  };
  const total = () => Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  const timer = setInterval(() => {
    if (underWay.size >= MOST_WAITING) return;
    const one = visit();
    underWay.add(one);
    one.then(() => underWay.delete(one));
  }, 1000 / perSecond);
  return {
    outcomes,
    get waiting() {
      return underWay.size;
    },
    async more(count) {
      const before = total();
      await eventually(`${count} visits`, () => total() >= before + count);
    },
    async end() {
      clearInterval(timer);
      await Promise.all(underWay);
      return outcomes;
    },
  };
}

/** The status of the answer to a handshake. */
async function ask(address: string): Promise<string> {
  using client = await openRaw(address);
  await client.write(handshake());
  const head = client.head();
  return String(
    (await inTime("an answer", head, () => client[Symbol.dispose](), PATIENCE_MS)).status,
  );
}
