import { create, createFileRegistry, fromBinary, toJson } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { protoJson } from '../../../src/lib/cli/protojson.ts';
import { entryToWire } from '../../../src/lib/wire/convert/entry.ts';
import { FILE_DESCRIPTORS } from '../../../src/lib/wire/gen/descriptors.ts';
import { Agent } from '../../../src/lib/wire/gen/spire/api/types/agent.ts';
import { Bundle } from '../../../src/lib/wire/gen/spire/api/types/bundle.ts';
import { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { FederationRelationship } from '../../../src/lib/wire/gen/spire/api/types/federationrelationship.ts';
import { ValidateJWTSVIDResponse } from '../../../src/lib/wire/gen/workload.ts';
import { entries, selectors, spiffeIds } from '../wire/convert/arbitraries.ts';

const file = FILE_DESCRIPTORS.map(({ proto }) => fromBinary(FileDescriptorProtoSchema, Buffer.from(proto, 'base64')));
const registry = createFileRegistry(create(FileDescriptorSetSchema, { file }));

/** The JSON of a message by the reflection of another library; defaults written out, absent messages left out. */
function theirs(typeName: string, bytes: Uint8Array): unknown {
  const schema = registry.getMessage(typeName);
  if (schema === undefined) throw new Error(`no message ${typeName}`);
  return toJson(schema, fromBinary(schema, bytes), { alwaysEmitImplicit: true, useProtoFieldName: true, registry });
}

const text = fc.string({ unit: 'grapheme' });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const id = spiffeIds.map(({ trustDomain, path }) => ({ trustDomain: trustDomain.name, path }));
const key = fc.record({ publicKey: fc.uint8Array(), keyId: text, expiresAt: int64, tainted: fc.boolean() });

describe('the JSON of a message is that of another implementation', () => {
  it('for entries and agents', () => {
    fc.assert(
      fc.property(entries, id, fc.array(selectors), int64, fc.boolean(), (entry, agentId, list, expiresAt, banned) => {
        const wire = entryToWire(entry);
        expect(protoJson(wire)).toEqual(theirs('spire.api.types.Entry', Entry.encode(wire).finish()));
        const agent = Agent.create({ id: agentId, selectors: list, x509svidExpiresAt: expiresAt, banned });
        expect(protoJson(agent)).toEqual(theirs('spire.api.types.Agent', Agent.encode(agent).finish()));
      }),
    );
  });

  it('for bundles and federation relationships', () => {
    fc.assert(
      fc.property(
        text,
        fc.array(key, { maxLength: 3 }),
        fc.array(fc.uint8Array()),
        int64,
        uint64,
        (name, keys, roots, refreshHint, sequenceNumber) => {
          const x509Authorities = roots.map((asn1) => ({ asn1, tainted: asn1.length % 2 === 0 }));
          const bundle = Bundle.create({
            trustDomain: name,
            x509Authorities,
            jwtAuthorities: keys,
            refreshHint,
            sequenceNumber,
          });
          expect(protoJson(bundle)).toEqual(theirs('spire.api.types.Bundle', Bundle.encode(bundle).finish()));
          for (const profile of [
            { $case: 'httpsWeb', value: {} },
            { $case: 'httpsSpiffe', value: { endpointSpiffeId: name } },
            undefined,
          ] as const) {
            const relationship = FederationRelationship.create({
              trustDomain: name,
              bundleEndpointUrl: name,
              bundleEndpointProfile: profile,
              trustDomainBundle: bundle,
            });
            const bytes = FederationRelationship.encode(relationship).finish();
            expect(protoJson(relationship)).toEqual(theirs('spire.api.types.FederationRelationship', bytes));
          }
        },
      ),
    );
  });

  it('for the claims of a token', () => {
    const claims = fc.dictionary(fc.stringMatching(/^[a-zA-Z_]+$/), fc.jsonValue({ depthSize: 'small' }));
    fc.assert(
      fc.property(text, claims, (spiffeId, given) => {
        const bytes = ValidateJWTSVIDResponse.encode({ spiffeId, claims: JSON.parse(JSON.stringify(given)) }).finish();
        const ours = protoJson(ValidateJWTSVIDResponse.decode(bytes), { structs: ['claims'] });
        expect(ours).toEqual(theirs('ValidateJWTSVIDResponse', bytes));
      }),
    );
  });
});
