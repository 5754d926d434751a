/**
 * From a request for a file to its answer, and the bytes that this has.
 *
 * @module
 */
import { type Answer, answer } from "../../http/answer.ts";
import type { RequestHead } from "../../http/request.ts";
import {
  answerFile,
  type FileAnswer,
  type FileFacts,
  refuseRequest,
} from "../../http/static/answer_file.ts";
import { SUFFIXES } from "../../http/static/coding.ts";
import { listingPage } from "../../http/static/listing.ts";
import { filePathOf, pathBehind, redirectToFolder } from "../../http/static/path.ts";
import type { FileRequest } from "../../http/verdict.ts";
import { closeFile, createFileReading, type FileReading } from "./file_reading.ts";
import { holdPage } from "./held_pages.ts";
import { listBelow } from "./list_folder.ts";
import { openBelow, type OpenFile } from "./open_file.ts";

/** An answer, and what is to be known of it. */
export interface Found {
  readonly answer: Answer | FileAnswer;
  /** What follows the head, to be closed by who asked for it; null: the answer's own body, or nothing. */
  readonly reading: FileReading | null;
  /** What the client is not told. */
  readonly why?: string | undefined;
}

const NO_FILE = "there is no such file";

/** Never rejects. */
export async function findFile(head: RequestHead, request: FileRequest): Promise<Found> {
  const refusal = refuseRequest(head);
  if (refusal !== null) return only(refusal);
  const { config: { root, index }, path, prefix } = request;
  const rest = pathBehind(path, prefix);
  if (rest === "") return only(redirectToFolder(path, head.target));
  const name = rest === null ? null : filePathOf(rest, index);
  if (name === null) return only(answer(404, NO_FILE));
  let realRoot: string;
  try {
    realRoot = await Deno.realPath(root);
  } catch (error) {
    return only(answer(404, NO_FILE), `the root: ${(error as Error).message}`);
  }
  const found = await openBelow(realRoot, name);
  if (typeof found === "object" && "file" in found) {
    return await send(head, request, realRoot, name, found);
  }
  if (typeof found === "object") return only(answer(500, "the file can't be read"), found.problem);
  const isFolderPath = path.endsWith("/");
  if (found === "folder" && !isFolderPath) return only(redirectToFolder(path, head.target));
  if (!isFolderPath || !request.config.listing) return only(answer(404, NO_FILE));
  const folder = name.slice(0, -index.length);
  return await list(head, request, realRoot, folder, rest === "/");
}

function only(answer: Answer | FileAnswer, why?: string): Found {
  return { answer, reading: null, why };
}

async function send(
  head: RequestHead,
  { config }: FileRequest,
  root: string,
  name: string,
  open: OpenFile,
): Promise<Found> {
  const beside = async (suffix: string) => {
    const found = await openBelow(root, name + suffix);
    return typeof found === "object" && "file" in found ? found : null;
  };
  const [br, gzip] = await Promise.all([beside(SUFFIXES.br), beside(SUFFIXES.gzip)]);
  const files = { "": open, br, gzip };
  const factsOf = (one: OpenFile | null): FileFacts | null => one === null ? null : one.facts;
  const known = { name, ...open.facts, br: factsOf(br), gzip: factsOf(gzip) };
  const answered = answerFile(head, known, Date.now());
  const slice = "slice" in answered ? answered.slice : null;
  const chosen = slice === null ? null : files[slice.coding];
  for (const one of Object.values(files)) {
    if (one !== null && one !== chosen) closeFile(one.file);
  }
  const reading = chosen === null ? null : createFileReading(chosen.file, slice!);
  return { answer: withHeaders(answered, config.headers), reading };
}

/** What the configuration says of files goes before what we would say. */
function withHeaders<A extends Answer | FileAnswer>(
  answered: A,
  headers: Readonly<Record<string, string>>,
): A {
  return answered.status >= 400
    ? answered
    : { ...answered, headers: { ...answered.headers, ...headers } };
}

async function list(
  { method }: RequestHead,
  { config, path }: FileRequest,
  root: string,
  folder: string,
  isRoot: boolean,
): Promise<Found> {
  let page: FileReading | "too many" | null;
  try {
    page = await holdPage(async () => {
      const listed = await listBelow(root, folder);
      if (listed === null) return null;
      const { entries, hasMore } = listed;
      return listingPage(path, entries, { isRoot, hasMore });
    });
  } catch (error) {
    return only(answer(500, "the folder can't be read"), (error as Error).message);
  }
  if (page === null) return only(answer(404, NO_FILE));
  if (page === "too many") {
    return only(answer(503, "too many ask what is in folders", { "retry-after": "1" }));
  }
  const { left } = page;
  const isHead = method === "HEAD";
  if (isHead) page.close();
  const answered: FileAnswer = {
    status: 200,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-length": String(left),
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
    },
    slice: isHead ? null : { coding: "", from: 0, to: left },
  };
  return { answer: withHeaders(answered, config.headers), reading: isHead ? null : page };
}
