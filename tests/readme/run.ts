/**
 * Runs a page from top to bottom, as a newcomer does, in the container that container.sh makes: what standard input has of
 * it, all sections or those below the headings that are its arguments. A line for each block says what became of it; what
 * failed is told with all that was printed in its section, of which the rest is left out then, and with the logs that it names.
 */
import { eventually } from "../support/eventually.ts";
import { exists } from "../support/installed.ts";
import type { Block } from "./blocks.ts";
import type { Plan } from "./marks.ts";
import { SERVICES } from "./services.ts";
import { stayingBelow, type Step, stepsOf } from "./steps.ts";
import { FOLDER, openTerminal, type Terminal } from "./terminal.ts";

/** Which libraries, of which versions, the page's programs import. */
const LIBRARIES = "tests/recipes/npm/deno.json";

interface Staying {
  readonly addresses: readonly string[];
  readonly terminal: Terminal;
}

/** The terminals that are open for a section. */
interface Desk {
  readonly shells: Map<"root" | "user", Terminal>;
  readonly running: Map<string, Terminal>;
  staying: Staying[];
  /** All that was opened, in order. */
  readonly all: Terminal[];
}

const { steps: STEPS, problems } = stepsOf(await new Response(Deno.stdin.readable).text());

function open(desk: Desk, asRoot: boolean, isTyped = false): Terminal {
  const terminal = openTerminal(asRoot, isTyped);
  desk.all.push(terminal);
  return terminal;
}

/** The terminal of the section in which everything is pasted that ends. */
function shellOf(desk: Desk, asRoot = false): Terminal {
  const who = asRoot ? "root" : "user";
  const shell = desk.shells.get(who) ?? open(desk, asRoot);
  desk.shells.set(who, shell);
  return shell;
}

async function prepare(desk: Desk, plan: Plan): Promise<void> {
  for (const name of plan.given.filter((name) => !desk.running.has(name))) {
    const service = SERVICES[name]!;
    const terminal = open(desk, true);
    desk.running.set(name, terminal);
    await terminal.stay(service.script, service.ready);
  }
  for (const heading of plan.beside) {
    for (const step of stayingBelow(heading, STEPS)) await take(desk, step);
  }
}

async function take(desk: Desk, { block, plan }: Step): Promise<void> {
  await prepare(desk, plan);
  await DO[plan.doing](desk, block, plan);
  for (const { asRoot, command } of plan.proofs) await shellOf(desk, asRoot).run(command);
}

const DO: Readonly<
  Record<Plan["doing"], (desk: Desk, block: Block, plan: Plan) => Promise<void> | void>
> = {
  async run(desk, block, plan) {
    const isTyped = plan.turns.some(({ what }) => what === "types");
    const shell = isTyped ? open(desk, false, true) : shellOf(desk);
    await shell.run(pasted(block), plan.turns);
  },
  async stays(desk, block, plan) {
    const addresses = plan.words.split(" ").filter((word) => word !== "");
    // Whoever had the address is ended first.
    const before = desk.staying.filter((one) => one.addresses.some((it) => addresses.includes(it)));
    for (const { terminal } of before) await terminal[Symbol.asyncDispose]();
    const terminal = open(desk, false, plan.turns.some(({ what }) => what === "types"));
    desk.staying = [...desk.staying.filter((one) => !before.includes(one)), {
      addresses,
      terminal,
    }];
    await terminal.stay(pasted(block), addresses, plan.turns);
  },
  async file(_desk, { text }, { words }) {
    const path = words.startsWith("/") ? words : `${FOLDER}/${words}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, text);
  },
  async check(desk, { text }, plan) {
    const file = await Deno.makeTempFile({ suffix: ".toml" });
    await Deno.writeTextFile(file, text);
    await Deno.chmod(file, 0o644);
    await shellOf(desk).run(`wstunnel check --config ${file} ${plan.words}`);
  },
  async opens(desk, { text }) {
    for (const url of text.trim().split("\n")) {
      await shellOf(desk).run(`curl --silent --show-error --fail --output /dev/null '${url}'`);
    }
  },
  async shown(desk, { text }) {
    for (const line of text.trimEnd().split("\n").map(withoutTime)) {
      await eventually(`"${line}"`, () => withoutTime(outputOf(desk)).includes(line));
    }
  },
  skip() {},
};

/** What is pasted for a block. Node's programs are Deno's as well, which has fetched their libraries. */
function pasted({ language, text }: Block): string {
  if (language !== "js") return text;
  const file = Deno.makeTempFileSync({ suffix: ".mjs" });
  Deno.writeTextFileSync(file, text);
  Deno.chmodSync(file, 0o644);
  return `deno run --quiet --frozen --cached-only --allow-all --config ${LIBRARIES} ${file}`;
}

function withoutTime(text: string): string {
  return text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME");
}

function outputOf(desk: Desk): string {
  return desk.all.map((terminal) => terminal.output()).join("\n");
}

/** What the files hold that a block names as logs, each with its name. */
function logsOf({ text }: Block): string {
  const names = new Set(text.match(/[\w./-]+\.log\b/g));
  return [...names].map((name) => {
    const path = name.startsWith("/") ? name : `${FOLDER}/${name}`;
    return exists(path) ? `${name}:\n${Deno.readTextFileSync(path)}\n` : "";
  }).join("");
}

/** Takes the steps below one heading; gives how many failed, which is one at most. */
async function takeSection(steps: readonly Step[]): Promise<number> {
  const desk: Desk = { shells: new Map(), running: new Map(), staying: [], all: [] };
  let current: Step | undefined;
  try {
    for (const step of steps) {
      current = step;
      const { block, plan } = step;
      const begin = performance.now();
      await take(desk, step);
      const seconds = ((performance.now() - begin) / 1000).toFixed(1);
      console.log(
        plan.doing === "skip"
          ? `line ${block.line}, ${block.heading}: left out, ${plan.words}`
          : `line ${block.line}, ${block.heading}: ${plan.doing}, ${seconds} s`,
      );
    }
    return 0;
  } catch (error) {
    const { line, heading, text } = current!.block;
    console.log(
      `line ${line}, ${heading}: FAILED, ${error}\n${text}\nprinted:\n${outputOf(desk)}\n` +
        logsOf(current!.block),
    );
    return 1;
  } finally {
    // What was started first is needed longest.
    for (const terminal of desk.all.toReversed()) await terminal[Symbol.asyncDispose]();
  }
}

/** Without headings all; with some, what these need as well: the program itself, and the files that are written further up. */
function isAsked({ block, plan }: Step): boolean {
  return Deno.args.length === 0 || ["Run it", ...Deno.args].includes(block.heading) ||
    (plan.doing === "file" && plan.proofs.length === 0);
}

const unknown = Deno.args.filter((asked) => STEPS.every(({ block }) => block.heading !== asked))
  .map((asked) => `there is no code below "${asked}"`);
const wrong = [...problems, ...unknown];
if (wrong.length > 0) {
  console.log(wrong.join("\n"));
  Deno.exit(1);
}
let failed = 0;
for (const heading of new Set(STEPS.map(({ block }) => block.heading))) {
  failed += await takeSection(
    STEPS.filter((step) => step.block.heading === heading).filter(isAsked),
  );
}
console.log(failed === 0 ? "all is well" : `sections that failed: ${failed}`);
Deno.exit(failed === 0 ? 0 : 1);
