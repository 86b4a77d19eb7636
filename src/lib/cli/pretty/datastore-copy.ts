/** What was copied from one datastore to another, or would be. */
export interface DatastoreCopy {
  readonly from: string;
  readonly to: string;
  readonly dryRun: boolean;
  readonly counts: Readonly<Record<string, number>>;
}

const NAMES: Readonly<Record<string, string>> = {
  registered_entries: 'registration entries',
  attested_nodes: 'agents',
  join_tokens: 'join tokens',
  bundles: 'bundles',
  federated_trust_domains: 'federation relationships',
  ca_journals: 'journals of authorities',
};

/** A heading and a line for each kind of thing. */
export function describeDatastoreCopy({ from, to, dryRun, counts }: DatastoreCopy): string {
  const heading = dryRun ? `Would copy ${from} to ${to}:` : `Copied ${from} to ${to}, and compared every row:`;
  const lines = Object.entries(NAMES).map(([table, name]) => `${String(counts[table] ?? 0).padStart(8)} ${name}`);
  const closing = dryRun ? [] : ['The original was left as it is. Start the server with the new configuration only.'];
  return [heading, ...lines, ...closing].map((line) => `${line}\n`).join('');
}
