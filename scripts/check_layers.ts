/**
 * Checks that each file under `lib/` imports from its own folder or from one further right in the stated order, so that
 * the data flows one way; that what decides does no I/O, waits for nothing and knows no clock; that nothing but the log's sink logs; and
 * that each npm dependency is imported by one file alone.
 *
 * Exits 1 and names every import that breaks the rule.
 */

/** From the program's entry to its ground; `main.ts` stands in front of them all. */
const LAYERS = [
  "cli",
  "control",
  "engine",
  "access",
  "backend",
  "process",
  "events",
  "http",
  "tunnel",
  "websocket",
  "limits",
  "config",
  "sys",
  "base",
];

/** Decides and does no I/O: whole folders, and single files of others. */
const PURE = [
  "lib/http/",
  "lib/limits/",
  "lib/tunnel/",
  "lib/websocket/",
  "lib/backend/claims.ts",
  "lib/backend/host_name.ts",
  "lib/backend/identity.ts",
  "lib/backend/policies.ts",
  "lib/backend/tls_failure.ts",
  "lib/process/identity.ts",
  "lib/config/target_text.ts",
  "lib/access/targets/shown_certificates.ts",
  "lib/access/targets/token.ts",
  "lib/cli/columns.ts",
  "lib/cli/connect/no_proxy.ts",
  "lib/cli/connect/outage.ts",
  "lib/cli/connect/plan.ts",
  "lib/cli/connect/socks/messages.ts",
  "lib/cli/connect/socks/refusals.ts",
  "lib/cli/connect/socks/target.ts",
  "lib/cli/table.ts",
  "lib/cli/text_width.ts",
  "lib/cli/units.ts",
  "lib/cli/called.ts",
  ...[
    "asking",
    "leading",
    "listening",
    "options",
    "parse",
    "part",
    "print",
    "tokens",
    "translate",
    "wrapping",
  ]
    .map((name) => `lib/cli/websockify/${name}.ts`),
  ...["ink", "keys", "layout", "paint", "plots", "press", "rows", "sparkline", "state", "view"]
    .map((name) => `lib/cli/top/${name}.ts`),
  "lib/config/token_lines.ts",
  "lib/backend/slots.ts",
  "lib/base/ip_address.ts",
  "lib/base/address_pattern.ts",
  "lib/base/escape.ts",
  "lib/base/name_problem.ts",
  "lib/base/network.ts",
  "lib/base/percent.ts",
  "lib/base/outbox.ts",
  "lib/engine/loop/workers/questions.ts",
  "lib/base/rate_gate.ts",
  "lib/base/request_path.ts",
  "lib/base/transport.ts",
  "lib/config/admin_files.ts",
  "lib/config/admin_rules.ts",
  "lib/control/difference.ts",
  "lib/control/restart.ts",
  "lib/config/auth_files.ts",
  "lib/config/auth_lines.ts",
  "lib/config/auth_tables.ts",
  "lib/config/certificates.ts",
  "lib/config/private_key.ts",
  "lib/config/rules.ts",
  "lib/config/schema.ts",
  "lib/control/admin/trust.ts",
  "lib/control/handed_places.ts",
  "lib/base/chain.ts",
  "lib/base/fifo.ts",
  "lib/engine/loop/crowd.ts",
  "lib/engine/loop/look.ts",
  "lib/engine/loop/pace.ts",
  "lib/engine/loop/workers/brevity.ts",
  "lib/engine/proxy_header.ts",
  "lib/engine/client_hello.ts",
  "lib/events/event.ts",
  "lib/events/backend_event.ts",
  "lib/events/life_event.ts",
  "lib/events/program_event.ts",
  "lib/events/report_event.ts",
  "lib/events/request_event.ts",
  "lib/events/tunnel_event.ts",
  "lib/events/log/lines.ts",
  "lib/events/metrics/backends.ts",
  "lib/events/metrics/families.ts",
  "lib/events/metrics/gauges.ts",
  "lib/events/metrics/histogram.ts",
  "lib/events/metrics/metrics.ts",
  "lib/events/metrics/series.ts",
  "lib/events/metrics/text.ts",
  "lib/events/log/line.ts",
  "lib/events/log/access_lines.ts",
  "lib/events/log/output_lines.ts",
  "lib/process/backoff.ts",
];

/** Whoever has something to tell emits an event: the log belongs to its sink, and to who opens that. */
const LOGGER = "lib/base/logger.ts";
const LOGGERS = ["lib/events/log/"];

/** Writing past the log. */
const LOGS = /\bconsole\.\w+\(|\bDeno\.std(?:out|err)\b/;

/** What may: the log itself, and the program's entry, which hands the streams to who answers a command line. */
const WRITERS = [LOGGER, "main.ts"];

/** What waits, or asks for the world or the time. */
const IMPURE =
  /\b(?:await|async|Promise|Deno|setTimeout|setInterval|queueMicrotask|performance|fetch)\b|\bnew Date\(\)|\bDate\.now/;

const COMMENT = /\/\*[^]*?\*\/|\/\/.*/g;

const IMPORT =
  /^(?:import|export|\}) .*?\bfrom "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)/gm;

function* filesUnder(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* filesUnder(path);
    else if (entry.name.endsWith(".ts")) yield path;
  }
}

const problems: string[] = [];
const importers = new Map<string, Set<string>>();
let count = 0;

for (const file of [...filesUnder("lib"), "main.ts"]) {
  count++;
  const code = Deno.readTextFileSync(file);
  const bare = code.replace(COMMENT, "");
  if (PURE.some((place) => file.startsWith(place))) {
    const found = IMPURE.exec(bare);
    if (found !== null) problems.push(`${file}: is to be pure, and has ${found[0]}`);
  }
  const logs = WRITERS.includes(file) ? null : LOGS.exec(bare);
  if (logs !== null) problems.push(`${file}: is to emit an event, and has ${logs[0]}`);
  const from = LAYERS.indexOf(file.split("/")[1] ?? "");
  if (from < 0 && file !== "main.ts") problems.push(`${file}: its folder is none of the layers`);
  for (const match of code.matchAll(IMPORT)) {
    const target = (match[1] ?? match[2] ?? match[3])!;
    if (!target.startsWith(".")) {
      importers.set(target, (importers.get(target) ?? new Set()).add(file));
      continue;
    }
    const path = new URL(target, `file:///${file}`).pathname.slice(1);
    const to = LAYERS.indexOf(path.split("/")[1] ?? "");
    if (path.startsWith("lib/") && to < from) {
      problems.push(`${file}: lib/${LAYERS[from]} must not import ${path}`);
    }
    if (path === LOGGER && !LOGGERS.some((place) => file.startsWith(place))) {
      problems.push(`${file}: is to emit an event, and imports ${path}`);
    }
  }
}
for (const [name, files] of importers) {
  if (!name.startsWith("node:") && files.size > 1) {
    problems.push(
      `${name} is imported by ${[...files].join(" and ")}: one file stands for a dependency`,
    );
  }
}
if (problems.length > 0) {
  console.error(problems.join("\n"));
  Deno.exit(1);
}
console.log(`layers: ${count} files keep the order ${LAYERS.join(" > ")}`);
