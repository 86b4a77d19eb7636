import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import EntryApply from '../../../src/commands/entry/apply.ts';
import { runCommand } from '../../../src/lib/cli/run-command.ts';
import { AgentDefinition } from '../../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import { BundleDefinition } from '../../../src/lib/wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { EntryDefinition } from '../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { Bundle } from '../../../src/lib/wire/gen/spire/api/types/bundle.ts';
import { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { EntryStore } from '../desiredentries/entry-store.ts';
import { CommandHarness } from './command-harness.ts';

const held = (hint: string): Entry =>
  Entry.create({
    id: 'team.a',
    spiffeId: { trustDomain: 'example.org', path: '/a' },
    parentId: { trustDomain: 'example.org', path: '/host' },
    selectors: [{ type: 'unix', value: 'uid:1' }],
    hint,
  });

const store = new EntryStore();
let harness: CommandHarness;
let file: string;

beforeAll(async () => {
  harness = await CommandHarness.open((add) => {
    add(EntryDefinition, store.service());
    add(AgentDefinition, { listAgents: async () => ({ agents: [], nextPageToken: '' }) });
    add(BundleDefinition, { getBundle: async () => Bundle.create({ trustDomain: 'example.org' }) });
  });
  file = join(harness.folder, 'wanted.yaml');
  writeFileSync(
    file,
    'entries:\n- entry_id: team.a\n  spiffe_id: spiffe://example.org/a\n  parent_id: spiffe://example.org/host\n  selectors: [unix:uid:1]\n  hint: new\n',
  );
});
afterAll(() => harness[Symbol.asyncDispose]());
beforeEach(() => {
  store.entries.clear();
  store.entries.set('team.a', held('old'));
});

/** On a terminal, where somebody answers. */
async function apply(answer: string, onQuestion: () => void = () => {}): Promise<{ code: number; stderr: string }> {
  let stderr = '';
  const write = (text: string | Uint8Array): void => {
    stderr += String(text);
    if (String(text).includes('[y/N]')) onQuestion();
  };
  const io = {
    stdin: Object.assign(Readable.from([answer]), { isTTY: true }),
    stdout: { write: () => {} },
    stderr: { write, isTTY: true },
  };
  const argv = ['-f', file, '--socket-path', harness.socketPath];
  const code = await runCommand(EntryApply, argv, { program: 'spirekit', io, env: {}, clock: harness.clock });
  return { code, stderr };
}

const hint = (): string | undefined => store.entries.get('team.a')?.hint;

describe('entry apply on a terminal', () => {
  it('asks before it changes something, and does it after a yes', async () => {
    const { code, stderr } = await apply('yes\n');
    expect(stderr).toContain('Change 1 entry and remove 0? [y/N] ');
    expect([code, hint()]).toEqual([0, 'new']);
  });

  it.each(['no\n', '\n', ''])('does nothing after %j', async (answer) => {
    const { code, stderr } = await apply(answer);
    expect([code, hint()]).toEqual([1, 'old']);
    expect(stderr).toContain('not confirmed, nothing was changed');
  });

  it('does nothing if the server has changed while somebody thought about it', async () => {
    const { code, stderr } = await apply('yes\n', () => store.update(held('theirs'), undefined));
    expect([code, hint()]).toEqual([1, 'theirs']);
    expect(stderr).toContain('the server has changed since this was shown; nothing was done, look again');
  });

  it('does not ask for what only adds', async () => {
    store.entries.clear();
    const { code, stderr } = await apply('');
    expect([code, stderr, hint()]).toEqual([0, '', 'new']);
  });
});
