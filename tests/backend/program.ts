/**
 * A backend program for the tests: echoes at the address it is told in its environment, in ways its arguments ask for.
 *
 * - `after=N`: listens only after N ms
 * - `stubborn`: ignores SIGTERM and SIGHUP
 * - `grandchild=FILE`: starts one that ignores SIGTERM as well, its id in the file
 * - `starts=FILE`: adds a line to the file
 * - `says=TEXT`: prints it, and to standard error too
 * - `last=TEXT`: prints it to standard error at SIGUSR2, a hundred times, and ends with code 3
 */
const options = new Map(Deno.args.map((argument) => {
  const [name, value = ""] = argument.split("=");
  return [name, value] as const;
}));

if (options.has("stubborn")) {
  Deno.addSignalListener("SIGTERM", () => {});
  Deno.addSignalListener("SIGHUP", () => {});
}
if (options.has("grandchild")) {
  const grandchild = new Deno.Command("/bin/sh", {
    args: ["-c", "trap '' TERM HUP; while :; do sleep 1; done"],
    stdin: "null",
  }).spawn();
  Deno.writeTextFileSync(options.get("grandchild")!, `${grandchild.pid}\n`, { append: true });
  grandchild.unref();
}
if (options.has("starts")) {
  Deno.writeTextFileSync(options.get("starts")!, `${Deno.pid}\n`, { append: true });
}
if (options.has("says")) {
  console.log(options.get("says"));
  console.error(options.get("says"));
}
if (options.has("last")) {
  Deno.addSignalListener("SIGUSR2", () => {
    for (let i = 0; i < 100; i++) console.error(options.get("last"));
    Deno.exit(3);
  });
}
await new Promise((done) => setTimeout(done, Number(options.get("after") ?? 0)));

const path = Deno.env.get("WSTUNNEL_SOCKET");
const listener = path !== undefined ? Deno.listen({ transport: "unix", path }) : Deno.listen({
  hostname: Deno.env.get("WSTUNNEL_HOST")!,
  port: Number(Deno.env.get("WSTUNNEL_PORT")),
});
for await (const connection of listener) {
  connection.readable.pipeTo(connection.writable).catch(() => {});
}
