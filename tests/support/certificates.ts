/** Certificates made by openssl(1), of an authority of our own. */
import assert from "node:assert/strict";
import { installed } from "./installed.ts";

const OPENSSL = installed("openssl");

/** Why there are no tests with certificates, null when there are. */
export const NO_OPENSSL = OPENSSL === null ? "openssl is not installed" : null;

/** A certificate and its key, as files of PEM. */
export interface Certified {
  readonly cert: string;
  readonly key: string;
}

export interface IssueOptions {
  /** As openssl writes them. @default "DNS:localhost,IP:127.0.0.1,IP:::1" */
  readonly names?: string;
  /** As openssl writes it. @default "/CN=localhost" */
  readonly subject?: string;
  /** From now, in days; may be negative. @default 2 */
  readonly days?: number;
  /** Lines of extensions in place of those of a server; none: version 1. */
  readonly extensions?: string | null;
}

export interface Authority extends Certified {
  /** Makes a certificate, in files of this name. */
  issue(name: string, options?: IssueOptions): Promise<Certified>;
}

async function openssl(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(OPENSSL!, { args }).output();
  assert.ok(success, `openssl ${args.join(" ")}:\n${new TextDecoder().decode(stderr)}`);
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** Makes a self-signed certificate, as `openssl req -x509` makes it, with further lines of extensions. */
export async function selfSigned(
  folder: string,
  name: string,
  subject: string,
  ...extensions: string[]
): Promise<Certified> {
  const [cert, key] = [`${folder}/${name}.pem`, `${folder}/${name}.key`];
  const added = extensions.flatMap((line) => ["-addext", line]);
  const files = ["-keyout", key, "-out", cert];
  await openssl("req", "-x509", ...NEW_KEY, "-days", "3", "-subj", subject, ...added, ...files);
  return { cert, key };
}

/** Makes an authority in a folder, with files of its name. */
export async function makeAuthority(
  folder: string,
  name = "ca",
  subject = `/CN=${name}`,
): Promise<Authority> {
  const own = await selfSigned(folder, name, subject);
  return {
    ...own,
    async issue(leaf, options = {}) {
      const { names = "DNS:localhost,IP:127.0.0.1,IP:::1", days = 2 } = options;
      const { extensions = `subjectAltName=${names}\nbasicConstraints=critical,CA:FALSE\n` } =
        options;
      const [cert, key, request] = ["pem", "key", "csr"].map((kind) => `${folder}/${leaf}.${kind}`);
      const { subject = "/CN=localhost" } = options;
      await openssl("req", ...NEW_KEY, "-subj", subject, "-keyout", key!, "-out", request!);
      await Deno.writeTextFile(`${folder}/${leaf}.ext`, extensions ?? "");
      const extended = extensions === null ? [] : ["-extfile", `${folder}/${leaf}.ext`];
      const signer = ["-CA", own.cert, "-CAkey", own.key, "-CAcreateserial"];
      const until = ["-days", String(days)];
      await openssl(
        ...["x509", "-req", "-in", request!, ...signer, ...until, ...extended, "-out", cert!],
      );
      return { cert: cert!, key: key! };
    },
  };
}

/** An authority whose files are in a folder of their own, for as long as the body runs. */
export async function withAuthority(
  body: (authority: Authority, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(await makeAuthority(folder), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
