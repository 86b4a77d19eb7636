import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, runTool } from './npm.ts';

/** SHA-256 of a file in hexadecimal. */
export function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/**
 * What a release was made from, as an in-toto statement with SLSA's predicate (SLSA provenance v1). It is not signed: whoever
 * publishes signs it, or has `npm publish --provenance` write and sign one of its own.
 *
 * @param tarball path of the package
 */
export function provenanceOf(tarball: string, name: string): object {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name, digest: { sha256: sha256(tarball) } }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'urn:spirekit:build:npm-pack:v1',
        externalParameters: { command: 'npm ci && npm run release -- DIR' },
        internalParameters: { node: process.version, platform: `${process.platform}-${process.arch}` },
        resolvedDependencies: [
          { name: 'source', digest: { gitCommit: runTool('git', ['rev-parse', 'HEAD']).trim() } },
          { name: 'package-lock.json', digest: { sha256: sha256(join(ROOT, 'package-lock.json')) } },
        ],
      },
      runDetails: { builder: { id: 'urn:spirekit:builder:checkout' } },
    },
  };
}
