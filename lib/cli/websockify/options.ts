/**
 * The options of websockify's command line as a table: those of 0.10 to 0.13, and one of our own.
 *
 * @module
 */

/** An option of websockify's. */
export interface WebsockifyOption {
  readonly name: `--${string}`;
  readonly short?: `-${string}`;
  /** What the help calls its value; absent: it has none. */
  readonly value?: string;
  /** Whether its value is a whole number. */
  readonly whole?: true;
  /** The values there are. */
  readonly choices?: readonly string[];
  readonly summary: string;
  /** Why there is no such thing here, and what comes next to it. */
  readonly refused?: string;
  /** It is ours, so that no abbreviation means it. */
  readonly ours?: true;
}

/** Every option, in the order of websockify's help. */
export const OPTIONS = [
  {
    name: "--print",
    summary: "print the configuration file that means the same, and exit",
    ours: true,
  },
  { name: "--help", short: "-h", summary: "print this help and exit" },
  { name: "--verbose", short: "-v", summary: "no effect: each tunnel is logged without it" },
  { name: "--traffic", summary: "log each frame" },
  {
    name: "--record",
    value: "FILE",
    summary: "refused",
    refused: "what goes through a tunnel is not recorded here; tcpdump between wstunnel and the " +
      "target sees it",
  },
  {
    name: "--daemon",
    short: "-D",
    summary: "go on in the background once it listens; its log goes to --log-file, or nowhere",
  },
  { name: "--run-once", summary: "end with the first tunnel" },
  {
    name: "--timeout",
    value: "SECONDS",
    whole: true,
    summary: "take no more connections so long after the start, and end with the last tunnel",
  },
  {
    name: "--idle-timeout",
    value: "SECONDS",
    whole: true,
    summary: "end when there has been no connection for so long",
  },
  {
    name: "--cert",
    value: "FILE",
    summary: "certificate (PEM) by which TLS is spoken (default: self.pem, where there is one)",
  },
  { name: "--key", value: "FILE", summary: "its private key (PEM), where it is in another file" },
  {
    name: "--key-password",
    value: "PASSWORD",
    summary: "refused",
    refused: "a key has no passphrase here: openssl pkey -in KEY -out FILE takes it off, and " +
      "chmod 600 FILE keeps it",
  },
  { name: "--ssl-only", summary: "no client without TLS" },
  { name: "--ssl-target", summary: "speak TLS to the target, whose certificate is verified" },
  { name: "--verify-client", summary: "only clients whose certificate --cafile has issued" },
  { name: "--cafile", value: "FILE", summary: "authorities (PEM) for --verify-client" },
  {
    name: "--ssl-version",
    value: "VERSION",
    choices: ["default", "tlsv1_1", "tlsv1_2", "tlsv1_3"],
    summary: "least version of TLS; tlsv1_3 is refused",
  },
  {
    name: "--ssl-ciphers",
    value: "CIPHERS",
    summary: "refused",
    refused:
      "the ciphers are those that the runtime has for TLS 1.2 and 1.3, all of them safe; a " +
      "proxy in front can have others",
  },
  { name: "--unix-listen", value: "FILE", summary: "listen at a unix-domain socket, not a port" },
  {
    name: "--unix-listen-mode",
    value: "MODE",
    summary: "its permissions, in octal (default: 0600)",
  },
  { name: "--unix-target", value: "FILE", summary: "lead to a unix-domain socket" },
  { name: "--inetd", summary: "listen at the socket that is standard input, without a PORT" },
  { name: "--web", value: "DIR", summary: "folder of files for who asks for no tunnel" },
  { name: "--file-only", summary: "no lists of what is in its folders" },
  { name: "--web-auth", summary: "let --auth-plugin say who may have files, too" },
  {
    name: "--wrap-mode",
    value: "MODE",
    choices: ["exit", "ignore", "respawn"],
    summary: "what follows when COMMAND ends: exit, ignore or respawn (default: exit)",
  },
  {
    name: "--prefer-ipv6",
    short: "-6",
    summary: "listen by IPv6 as well where PORT has no HOST",
  },
  { name: "--libserver", summary: "no effect" },
  {
    name: "--target-config",
    value: "FILE",
    summary: "--token-plugin TokenFile --token-source FILE",
  },
  {
    name: "--token-plugin",
    value: "CLASS",
    summary: "what a token leads to: TokenFile, ReadOnlyTokenFile, TokenFileName, BaseTokenAPI, " +
      "JSONTokenApi, JWTTokenApi, TokenRedis or UnixDomainSocketDirectory",
  },
  { name: "--token-source", value: "ARG", summary: "its file, folder, URL, key or Redis" },
  { name: "--host-token", summary: "the token is the name of the host that is asked for" },
  {
    name: "--auth-plugin",
    value: "CLASS",
    summary: "who may come in: BasicHTTPAuth, ExpectOrigin or ClientCertCNAuth",
  },
  { name: "--auth-source", value: "ARG", summary: "its USER:PASSWORD, origins or names" },
  {
    name: "--heartbeat",
    value: "SECONDS",
    whole: true,
    summary: "seconds between Pings; who answers two of them not is gone",
  },
  { name: "--log-file", value: "FILE", summary: "where the log goes in place of standard error" },
  {
    name: "--syslog",
    value: "SERVER",
    summary: "refused",
    refused: "the log goes to standard error, from where systemd's journal takes it, or " +
      "2> >(logger -t websockify); or to --log-file FILE",
  },
  { name: "--legacy-syslog", summary: "refused", refused: "there is no --syslog here" },
] as const satisfies readonly WebsockifyOption[];

/** The name of an option. */
export type OptionName = (typeof OPTIONS)[number]["name"];

/** How the command is called. */
export const USAGE = [
  "wstunnel websockify [options] [HOST:]PORT TARGET:PORT",
  "wstunnel websockify [options] --unix-target FILE [HOST:]PORT",
  "wstunnel websockify [options] --token-plugin CLASS --token-source ARG [HOST:]PORT",
  "wstunnel websockify [options] --unix-listen FILE TARGET:PORT",
  "wstunnel websockify [options] [HOST:]PORT -- COMMAND",
];
