/**
 * Names for names: the same name gets the same one each time, in one recording. Which is which is written down nowhere.
 */
export class Pseudonyms {
  readonly #names = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  /** A word for a word; empty stays empty. @param kind what the made-up word begins with, such as `hint` */
  word(kind: string, name: string): string {
    if (name === '') return '';
    const key = `${kind} ${name}`;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    const made = `${kind}-${count}`;
    this.#names.set(key, made);
    return made;
  }

  trustDomain(name: string): string {
    return `${this.word('domain', name)}.test`;
  }

  dnsName(name: string): string {
    return `${this.word('host', name)}.test`;
  }

  /** Of a SPIFFE ID or the ID of a trust domain each part; of anything else, all of it. SPIRE's own parts stay. */
  id(text: string): string {
    const [, domain, path = ''] = /^spiffe:\/\/([^/]+)(\/.*)?$/s.exec(text) ?? [];
    if (domain === undefined) return this.word('text', text);
    return `spiffe://${this.trustDomain(domain)}${this.#path(path)}`;
  }

  /** A sentence with the IDs in it replaced, and what looks like a path of a file. */
  sentence(text: string): string {
    return text
      .replace(/spiffe:\/\/[^\s"',;)]+/g, (id) => this.id(id))
      .replace(/(?<![\w:/])\/[\w./-]+/g, (path) => `/${this.word('path', path)}`);
  }

  #path(path: string): string {
    const parts = path.split('/');
    const isOwn = parts[1] === 'spire';
    return parts
      .map((part, index) =>
        part === '' || (isOwn && index <= 3 && SPIRE_PARTS.has(part)) ? part : this.word('part', part),
      )
      .join('/');
  }
}

const SPIRE_PARTS = new Set([
  'spire',
  'agent',
  'server',
  'join_token',
  'x509pop',
  'k8s_psat',
  'aws_iid',
  'gcp_iit',
  'azure_msi',
]);
