import { describe, expect, it } from 'vitest';
import {
  federationTable,
  formatAccepted,
  formatRefused,
  formatRelationships,
  formatShownRelationship,
} from '../../../../src/lib/cli/pretty/federation.ts';
import { RpcCode } from '../../../../src/lib/rpc/status.ts';
import { FederationRelationship } from '../../../../src/lib/wire/gen/spire/api/types/federationrelationship.ts';

const web = FederationRelationship.create({
  trustDomain: 'far.example',
  bundleEndpointUrl: 'https://far.example/bundle',
  bundleEndpointProfile: { $case: 'httpsWeb', value: {} },
});
const spiffe = FederationRelationship.create({
  trustDomain: 'other.example',
  bundleEndpointUrl: 'https://other.example',
  bundleEndpointProfile: { $case: 'httpsSpiffe', value: { endpointSpiffeId: 'spiffe://other.example/server' } },
});

const WEB =
  'Trust domain              : far.example\n' +
  'Bundle endpoint URL       : https://far.example/bundle\n' +
  'Bundle endpoint profile   : https_web\n';
const SPIFFE =
  'Trust domain              : other.example\n' +
  'Bundle endpoint URL       : https://other.example\n' +
  'Bundle endpoint profile   : https_spiffe\n' +
  'Endpoint SPIFFE ID        : spiffe://other.example/server\n';

const accepted = { status: { code: RpcCode.ok, message: 'OK' }, federationRelationship: web };
const refused = {
  status: { code: RpcCode.alreadyExists, message: 'a "copy"' },
  federationRelationship: undefined,
};

describe('formatRelationships and formatShownRelationship', () => {
  it('list relationships below their number', () => {
    expect(formatRelationships([])).toBe('Found 0 federation relationships\n');
    expect(formatRelationships([web])).toBe(`Found 1 federation relationship\n\n${WEB}`);
    expect(formatRelationships([web, spiffe])).toBe(`Found 2 federation relationships\n\n${WEB}\n${SPIFFE}`);
  });

  it('show one below the name that was asked for', () => {
    expect(formatShownRelationship(spiffe, 'other.example')).toBe(
      `Found a federation relationship with trust domain other.example:\n\n${SPIFFE}`,
    );
  });

  it('leave out a profile that the server did not send', () => {
    const bare = FederationRelationship.create({ trustDomain: 'far.example' });
    expect(formatShownRelationship(bare, 'x')).toMatch(/: far\.example\nBundle endpoint URL {7}: \n$/);
  });
});

describe('formatAccepted and formatRefused', () => {
  it('divide a batch between stdout and stderr', () => {
    expect(formatAccepted([refused, accepted])).toBe(`\n${WEB}\n`);
    expect(formatRefused([refused, accepted], [spiffe, web], 'create')).toBe(
      `Failed to create the following federation relationship (code: AlreadyExists, msg: "a \\"copy\\""):\n${SPIFFE}`,
    );
  });

  it('print only why when there are more answers than questions', () => {
    expect(formatRefused([refused], [], 'update')).toMatch(/^Failed to update [^\n]+\n$/);
  });
});

describe('federationTable', () => {
  it('has equally long rows', () => {
    const { head, rows } = federationTable([web, spiffe, FederationRelationship.create()]);
    expect(rows.map((row) => row.length)).toEqual(rows.map(() => head.length));
    expect(rows.map((row) => row[2])).toEqual(['https_web', 'https_spiffe', 'none']);
  });
});
