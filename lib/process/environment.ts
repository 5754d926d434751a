/**
 * The environment of the programs we start.
 *
 * @module
 */

type Environment = Readonly<Record<string, string>>;

/**
 * Ours, or only the variables named in `copied`, with those configured and then those `told` on top. A name in `copied`
 * that we don't have is left out.
 */
export function childEnvironment(
  ours: Environment,
  copied: readonly string[] | null,
  configured: Environment,
  told: Environment,
): Record<string, string> {
  const kept = copied === null
    ? ours
    : Object.fromEntries(Object.entries(ours).filter(([name]) => copied.includes(name)));
  return { ...kept, ...configured, ...told };
}

/** Replaces each `{name}` that is in `values`, in one pass; other braces stay as they are. */
export function fillPlaceholders(text: string, values: Environment): string {
  return text.replace(
    /\{(\w+)\}/g,
    (whole, name) => Object.hasOwn(values, name) ? values[name]! : whole,
  );
}
