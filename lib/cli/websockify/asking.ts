/**
 * websockify's auth plugins: who may come in, and have files.
 *
 * @module
 */
import type { CommandLine } from "./parse.ts";
import { isGiven, openFiles, type Part, setting, valueOf } from "./part.ts";
import { provesTokens } from "./tokens.ts";

const SOURCE = "--auth-source";
const PLUGIN = "--auth-plugin";

/** Who may come in. */
export function askingPart(line: CommandLine): Part {
  const plugin = valueOf(line, PLUGIN);
  if (plugin === undefined) return {};
  const name = plugin.replace(/^websockify\.auth_plugins\./, "");
  const source = valueOf(line, SOURCE);
  if (name === "ExpectOrigin") return originPart(line, source);
  if (name === "BasicHTTPAuth" || name === "ClientCertCNAuth") {
    // Both are asked for there, and any of them lets in here.
    if (provesTokens(line)) return { problems: [`${PLUGIN}: ${name} ${NOT_BOTH}`] };
    return name === "BasicHTTPAuth" ? passwordPart(line, source) : certificatePart(line, source);
  }
  return {
    problems: [
      `${PLUGIN}: ${JSON.stringify(plugin)} would be a class of Python, and no Python runs here: ` +
      "there are BasicHTTPAuth, ExpectOrigin and ClientCertCNAuth; tokens and JSON Web Tokens are auth, a key of " +
      "the file",
    ],
  };
}

const NOT_BOTH = "can't be asked for beside the token of JWTTokenApi: here either of them would " +
  "let in";

/** Where it stands that passwords are made for, when the configuration is printed. */
const USERS = "websockify.users";

/** Of a password bcrypt leaves out what comes behind. */
const MOST_BYTES = 72;

function passwordPart(line: CommandLine, source: string | undefined): Part {
  const [, user = "", password] = /^([^:]+):(.+)$/s.exec(source ?? "") ?? [];
  if (password === undefined) {
    return { problems: [`${PLUGIN}: BasicHTTPAuth needs ${SOURCE} USER:PASSWORD`] };
  }
  if (new TextEncoder().encode(password).length > MOST_BYTES) {
    return {
      problems: [
        `${SOURCE}: a password of more than ${MOST_BYTES} bytes would not be told from any other that begins as ` +
        "it does, since bcrypt looks at no more",
      ],
    };
  }
  return {
    secrets: [{
      flag: SOURCE,
      path: ["wstunnel", "auth", "basic"],
      user,
      password,
      printed: USERS,
      remark:
        `${USERS} is to be made first, and asks for the password: htpasswd -B -c ${USERS} NAME`,
    }],
    settings: isGiven(line, "--web-auth") ? [] : openFiles(line),
    remarks: [
      "whoever may list processes reads the password of --auth-source: a file as htpasswd -B " +
      "writes it is better, auth = { basic = FILE }, which --print shows",
    ],
  };
}

function certificatePart(line: CommandLine, source = ""): Part {
  const names = words(source);
  if (names.length === 0) {
    return { problems: [`${PLUGIN}: ClientCertCNAuth needs ${SOURCE} NAMES, separated by blanks`] };
  }
  if (!isGiven(line, "--verify-client")) {
    return { problems: [`${PLUGIN}: ClientCertCNAuth needs --verify-client, which asks for one`] };
  }
  return {
    settings: [
      setting(SOURCE, ["wstunnel", "auth", "certificate"], names),
      ...isGiven(line, "--web-auth") ? [] : openFiles(line),
    ],
  };
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function originPart(line: CommandLine, source = ""): Part {
  const origins = words(source);
  if (origins.length === 0) {
    return { problems: [`${PLUGIN}: ExpectOrigin needs ${SOURCE} ORIGINS, separated by blanks`] };
  }
  return {
    settings: [setting(SOURCE, ["wstunnel", "origins"], origins)],
    problems: isGiven(line, "--web-auth")
      ? [
        "--web-auth: a browser says no Origin when it asks for a page, so that nobody would " +
        "have one by ExpectOrigin",
      ]
      : [],
  };
}
