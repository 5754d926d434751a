/**
 * Reads Server-Sent Events, as the HTML standard has them (section 9.2.6, interpreting an event stream).
 *
 * @module
 */

/** An event that has come whole. */
export interface SentEvent {
  /** `message` where the server says no other. */
  readonly name: string;
  readonly data: string;
}

/** Of an event that is not whole yet: a history of some minutes is some 100 KiB. */
const MAX_EVENT_CHARACTERS = 4 * 1024 * 1024;

/** The lines of a stream, as pieces of its text come. */
export class EventStream {
  #rest = "";
  #name = "";
  #data: string[] = [];
  #count = 0;

  /** Takes a piece of the text and gives the events that are whole with it; null: one is too long. */
  take(text: string): SentEvent[] | null {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?=[^\n])/);
    this.#rest = lines.pop()!;
    if (this.#rest.length + this.#count > MAX_EVENT_CHARACTERS) return null;
    return lines.flatMap((line) => this.#endLine(line));
  }

  #endLine(line: string): SentEvent[] {
    if (line === "") return this.#endEvent();
    this.#count += line.length;
    const [, field, value] = /^([^:]*)(?:: ?)?(.*)$/s.exec(line)!;
    if (field === "event") this.#name = value!;
    if (field === "data") this.#data.push(value!);
    return [];
  }

  #endEvent(): SentEvent[] {
    const event = { name: this.#name || "message", data: this.#data.join("\n") };
    const isEmpty = this.#data.length === 0;
    [this.#name, this.#data, this.#count] = ["", [], 0];
    return isEmpty ? [] : [event];
  }
}
