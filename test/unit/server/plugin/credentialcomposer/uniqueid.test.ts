import { describe, expect, test } from 'vitest';
import { Name } from '../../../../../src/lib/crypto/name.ts';
import { Oid } from '../../../../../src/lib/crypto/oids.ts';
import { UniqueIdComposer } from '../../../../../src/lib/server/plugin/credentialcomposer/uniqueid/unique-id-composer.ts';
import { SpiffeId } from '../../../../../src/lib/spiffe/spiffe-id.ts';
import { describeCredentialComposer } from './credential-composer-suite.ts';

describeCredentialComposer('uniqueid', () => new UniqueIdComposer());

describe('the credential composer uniqueid', () => {
  const compose = async (subject: Name) => {
    const spiffeId = SpiffeId.parse('spiffe://example.org/web');
    const made = await new UniqueIdComposer().composeWorkloadX509Svid(
      { subject, dnsNames: ['a'], extraExtensions: [] },
      { spiffeId },
    );
    expect(made.dnsNames).toEqual(['a']);
    return made.subject;
  };

  test("adds SPIRE's unique identifier behind the rest of the subject", async () => {
    const subject = await compose(Name.of({ country: ['US'], organization: ['SPIRE'] }));
    // The first 16 octets of the SHA-256 of spiffe://example.org/web.
    const uniqueId = '5435ad736577b1c6010684ba059e1171';
    expect(subject.rdns.map((rdn) => rdn.map(({ value }) => value))).toEqual([['US'], ['SPIRE'], [uniqueId]]);
  });

  test('takes the place of one that is there', async () => {
    const subject = await compose(
      Name.of({ country: ['US'] })
        .with(Oid.uniqueIdentifier, 'x')
        .with('1.2.3', 'y'),
    );
    expect(subject.values(Oid.uniqueIdentifier)).toHaveLength(1);
    expect(subject.rdns.map(([attribute]) => attribute?.oid)).toEqual([Oid.country, Oid.uniqueIdentifier, '1.2.3']);
  });
});
