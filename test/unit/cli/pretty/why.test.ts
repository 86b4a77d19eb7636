import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatWhy, whyJson } from '../../../../src/lib/cli/pretty/why.ts';
import { jsonText } from '../../../../src/lib/cli/protojson.ts';
import { explain } from '../../../../src/lib/why/explain.ts';
import { projectRoot } from '../../../support/programs.ts';
import { AGENT, entry, facts, NOW_MS, OPTIONS, PROCESS, told } from '../../why/facts.ts';

const options = { showAll: false, nowMs: NOW_MS };

describe('the text of why', () => {
  it('says who was looked at, the cause, the command that mends it, and what else comes near', () => {
    const entries = [
      entry('e1', '/web', ['unix:uid:1000', 'unix:gid:27']),
      entry('e2', '/db', ['unix:uid:1000', 'unix:gid:9']),
    ];
    expect(formatWhy(explain(facts(told(entries)), OPTIONS), options)).toBe(
      `about    pid 42 (/usr/bin/web), uid 1000, gid 1000
agent    spiffe://example.org/spire/agent/x509pop/one (by its admin socket) at /run/agent.sock: answers; heard from its server 1 s ago
server   example.org at /run/server.sock: 2 entries
has      unix:uid:1000 unix:user:web unix:gid:1000 unix:group:web unix:supplementary_gid:27
         with discover_workload_path: unix:path:/usr/bin/web

There is no identity.
error    SPK-2412  entry e1: gives spiffe://example.org/web; demands unix:gid:27, and 27 is only one of its supplementary groups, which is unix:supplementary_gid
         do:   \`spirekit entry update --entry-id e1 --spiffe-id spiffe://example.org/web --parent-id spiffe://example.org/spire/agent/x509pop/one --selector unix:uid:1000 --selector unix:supplementary_gid:27\`

Other entries that come near:
- entry e2 gives spiffe://example.org/db
  SPK-2411  demands unix:gid:9, and pid 42 has unix:gid:1000
`,
    );
  });

  it('of anything that a server or an agent sends is lines without a control character, and JSON of the schema', () => {
    const schema: { properties: Record<string, unknown>; required: string[] } = JSON.parse(
      readFileSync(join(projectRoot, 'schemas/why.v1.json'), 'utf8'),
    );
    const text = fc.string({ unit: 'binary', maxLength: 30 });
    const wish = fc.record({ id: text, path: text, value: text, hint: text });
    fc.assert(
      fc.property(fc.array(wish, { maxLength: 4 }), text, (wishes, description) => {
        const entries = wishes.map(({ id, path, value, hint }) =>
          entry(id, path, [], {
            hint,
            selectors: [
              { type: 'unix', value: 'uid:1000' },
              { type: 'k8s', value },
            ],
          }),
        );
        const agent = { ...AGENT, answer: { kind: 'no identity', description } as const, address: description };
        const report = explain(facts(told(entries), { agent, subject: { ...PROCESS, isCaller: true } }), OPTIONS);
        expect(formatWhy(report, options)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
        const json: Record<string, unknown> = JSON.parse(jsonText(whyJson(report, options)));
        expect(Object.keys(json).filter((key) => !(key in schema.properties))).toEqual([]);
        expect(schema.required.filter((key) => !(key in json))).toEqual([]);
      }),
    );
  });
});
