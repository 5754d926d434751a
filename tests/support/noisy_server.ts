/** Echoes at a port, its argument, while it writes to its standard output and error as fast as they are read. */
const listener = Deno.listen({ hostname: "127.0.0.1", port: Number(Deno.args[0]) });
new Deno.Command("yes", { stdin: "null", stdout: "inherit", stderr: "inherit" }).spawn();
new Deno.Command("/bin/sh", { args: ["-c", "yes >&2"], stdin: "null" }).spawn();
for await (const connection of listener) {
  connection.readable.pipeTo(connection.writable).catch(() => {});
}
