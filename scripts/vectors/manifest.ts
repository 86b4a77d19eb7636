/** One case of a vector set. Paths are relative to the manifest's folder. */
export interface VectorCase {
  readonly id: string;
  readonly kind: string;
  readonly family: string;
  readonly reason: string;
  /** The verdict of go-spiffe. */
  readonly expected: string;
  /** The reading of the standard: valid, invalid, unspecified or nonconforming. */
  readonly specExpected: string;
  /** The two differ. */
  readonly isDivergent: boolean;
  readonly file: string;
  readonly key: string;
  readonly input: string;
  readonly audience: string;
  readonly trustDomain: string;
  /** Bundle file by trust domain. */
  readonly bundles: Readonly<Record<string, string>>;
  /** The SPIFFE ID that a valid case is for; empty if not said. */
  readonly spiffeId: string;
}

/** Reads a manifest; members that a kind of case does not use come out empty. */
export function parseManifest(text: string): readonly VectorCase[] {
  const manifest: unknown = JSON.parse(text);
  const cases = member(manifest, 'cases');
  if (!Array.isArray(cases)) throw new Error('manifest has no cases');
  return cases.map((entry: unknown) => {
    const read = (name: string): string => {
      const value = member(entry, name) ?? '';
      if (typeof value !== 'string') throw new Error(`${name} of a case is not a string`);
      return value;
    };
    return {
      id: read('id'),
      kind: read('kind'),
      family: read('family'),
      reason: read('reason'),
      expected: read('expected'),
      specExpected: read('spec_expected'),
      isDivergent: member(entry, 'divergent') === true,
      file: read('file'),
      key: read('key'),
      input: read('input'),
      audience: read('audience'),
      trustDomain: read('trust_domain'),
      bundles: readBundles(member(entry, 'bundles') ?? {}),
      spiffeId: read('spiffe_id'),
    };
  });
}

function readBundles(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) throw new Error('bundles of a case is not an object');
  return Object.fromEntries(Object.entries(value).map(([name, file]) => [name, String(file)]));
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
