/**
 * The keys of the configuration file for the man page, made of its JSON Schema.
 *
 * @module
 */
import { jsonSchema } from "../lib/config/json_schema.ts";
import { bold, escape, item } from "./roff.ts";

/** What of JSON Schema our keys have. */
interface Property {
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly Property[];
  readonly properties?: Properties;
  readonly additionalProperties?: Property;
}

type Properties = Readonly<Record<string, Property>>;

/** The tables of the file by what a user calls them, with their keys. */
export interface Tables {
  readonly top: Properties;
  readonly listener: Properties;
  readonly wstunnel: Properties;
  readonly route: Properties;
  readonly host: Properties;
}

/** The tables as the schema has them; none has the keys that another stands for. */
export function configurationTables(): Tables {
  const schema = jsonSchema() as {
    readonly properties: Properties;
    readonly definitions: { readonly host: { readonly properties: Properties } };
  };
  const { wstunnel: section, ...top } = schema.properties;
  const { server, ...wstunnel } = section!.properties!;
  const host = schema.definitions.host.properties;
  const both = server!.additionalProperties!.anyOf![0]!.properties!;
  const route = Object.fromEntries(Object.entries(both).filter(([key]) => !(key in host)));
  const listener = top["listen"]!.anyOf!.find(({ properties }) => properties)!.properties!;
  return { top, listener, wstunnel, route, host };
}

/** The section of the man page. */
export function configurationSection(): string[] {
  const { top, listener, wstunnel, route, host } = configurationTables();
  const perRoute = Object.keys(route).filter((key) => key in wstunnel);
  return [
    ".SH CONFIGURATION FILE",
    escape(
      "TOML, read from the file that --config names; a flag beats what it says. Its problems are " +
        "told all at once, with their lines. wstunnel check prints the effective one.",
    ),
    ".SS At the top",
    // Its table has a section of its own.
    ...keys({ ...top, listen: { ...top["listen"], anyOf: [] } }),
    `.SS ${quoted("A table [[listen]] in place of an address")}`,
    ...keys(listener),
    `.SS ${quoted("[wstunnel]")}`,
    ...keys(wstunnel),
    `.SS ${quoted('[wstunnel.server."KEY"], a route')}`,
    escape(
      "A KEY that starts with / is a path prefix, any other a path suffix; the first one that " +
        "matches, in file order, is taken. A route may have of its own, in place of what stands " +
        "under [wstunnel]:",
    ),
    `${perRoute.map(bold).join(", ")}.`,
    escape("The keys of its host stand beside them, or in tables of their own:"),
    ...keys(Object.fromEntries(Object.entries(route).filter(([key]) => !(key in wstunnel)))),
    `.SS ${quoted('[[wstunnel.server."KEY"]] or [[wstunnel.server."KEY".hosts]], a host')}`,
    ...keys(host),
  ];
}

/** An argument of a macro. */
function quoted(text: string): string {
  return `"${escape(text).replaceAll('"', "\\(dq")}"`;
}

/** Each key, and behind one that is a table those of that, by their whole names. */
function keys(table: Properties, place = ""): string[] {
  return Object.entries(table).flatMap(([key, property]) => [
    ...item(place + key, textOf(key, property)),
    ...keys(tableOf(property), `${place}${key}.`),
  ]);
}

/** The keys of what is a table, or may be one. */
function tableOf({ properties, anyOf = [] }: Property): Properties {
  return properties ?? anyOf.find(({ properties }) => properties)?.properties ?? {};
}

function textOf(key: string, property: Property): string {
  if (property.description === undefined) throw new Error(`${key} has no description`);
  const facts = [allowed(property), standard(property)].filter((fact) => fact !== null);
  return facts.length === 0
    ? property.description
    : `${property.description} (${facts.join("; ")})`;
}

function allowed({ enum: names, minimum, maximum, type }: Property): string | null {
  if (names !== undefined) return names.map((name) => `"${name}"`).join(", ");
  if (type === "boolean") return "true or false";
  return minimum === undefined || maximum === undefined ? null : `${minimum} to ${maximum}`;
}

function standard({ default: value }: Property): string | null {
  const isEmpty = typeof value === "object" && Object.keys(value ?? {}).length === 0;
  return value === undefined || isEmpty ? null : `default: ${JSON.stringify(value)}`;
}
