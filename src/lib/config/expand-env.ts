/** `$`, then `{x}` with one special character, an opening brace, one special character, or a name. */
const REFERENCE = /\$(?:\{([*#$@!?0-9-])\}|(\{)|([*#$@!?0-9-])|([A-Za-z_][A-Za-z0-9_]*))/g;

/**
 * Replaces `$NAME` and `${NAME}` by variables of the environment, as Go's `os.Expand` does: unknown ones become empty,
 * `$$` becomes `$`, a `$` before anything else stays, `${}` and a brace that is never closed vanish with their `$`.
 * A pass over the text: it knows nothing of strings and comments.
 */
export function expandEnv(text: string, env: Readonly<Record<string, string | undefined>>): string {
  const reference = new RegExp(REFERENCE);
  const lastBrace = text.lastIndexOf('}');
  let expanded = '';
  let at = 0;
  for (let found = reference.exec(text); found !== null; found = reference.exec(text)) {
    const [whole, special, open, bareSpecial, bareName] = found;
    let name = special ?? bareSpecial ?? bareName ?? '';
    let end = found.index + whole.length;
    // Not looked for where there is none: a text of nothing but open braces would be read once for each of them.
    if (open !== undefined && end <= lastBrace) {
      const close = text.indexOf('}', end);
      name = text.slice(end, close);
      end = close + 1;
    }
    expanded += text.slice(at, found.index) + lookUp(name, env);
    at = end;
    reference.lastIndex = end;
  }
  return expanded + text.slice(at);
}

function lookUp(name: string, env: Readonly<Record<string, string | undefined>>): string {
  if (name === '' || name === '$') return name;
  return (Object.hasOwn(env, name) ? env[name] : undefined) ?? '';
}
