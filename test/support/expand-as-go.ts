/**
 * Go's `os.Expand`, written as a scan of one character after the other, with `$$` for a dollar sign: what the pattern of
 * `-expandEnv` is held against.
 */
export function expandAsGo(text: string, lookUp: (name: string) => string): string {
  let out = '';
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at + 1, at + 2);
    if (text[at] !== '$' || rest === '') {
      out += text[at];
      at += 1;
      continue;
    }
    const { name, length } = nameAt(text, at + 1);
    if (name !== '') out += name === '$' ? '$' : lookUp(name);
    else if (length === 0) out += '$';
    at += 1 + length;
  }
  return out;
}

const isSpecial = (character: string): boolean => '*#$@!?-0123456789'.includes(character);

/** A name and how many characters it takes; an empty name that takes some is bad syntax, which vanishes. */
function nameAt(text: string, at: number): { name: string; length: number } {
  const first = text[at] ?? '';
  if (first === '{') {
    const special = text[at + 1] ?? '';
    if (special !== '' && isSpecial(special) && text[at + 2] === '}') return { name: special, length: 3 };
    const end = at > text.lastIndexOf('}') ? -1 : text.indexOf('}', at);
    if (end === -1) return { name: '', length: 1 };
    return { name: text.slice(at + 1, end), length: end + 1 - at };
  }
  if (isSpecial(first)) return { name: first, length: 1 };
  let end = at;
  while (/[A-Za-z0-9_]/.test(text[end] ?? '')) end += 1;
  return { name: text.slice(at, end), length: end - at };
}
