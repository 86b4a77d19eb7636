/** `$`, then `{x}`, `{name}`, an opening brace that is never closed, one special character, or a name. */
const REFERENCE = /\$(?:\{([*#$@!?0-9-])\}|\{([^}]*)\}|(\{)|([*#$@!?0-9-])|([A-Za-z_][A-Za-z0-9_]*))/g;

/**
 * Replaces `$NAME` and `${NAME}` by variables of the environment, as Go's `os.Expand` does: unknown ones become empty,
 * `$$` becomes `$`, a `$` before anything else stays, `${}` and a brace that is never closed vanish with their `$`.
 * A pass over the text: it knows nothing of strings and comments.
 */
export function expandEnv(text: string, env: Readonly<Record<string, string | undefined>>): string {
  return text.replaceAll(
    REFERENCE,
    (_, braced?: string, name?: string, open?: string, special?: string, bare?: string) => {
      const key = braced ?? name ?? special ?? bare;
      if (open !== undefined || key === undefined || key === '') return '';
      if (key === '$') return '$';
      return (Object.hasOwn(env, key) ? env[key] : undefined) ?? '';
    },
  );
}
