import { unknownKeys } from '../schema/block.ts';
import { unknownTelemetryKeys } from '../section/telemetry.ts';
import type { UnknownSection } from '../section/unknown-keys.ts';
import type { RawServerFile } from './server-schema.ts';

/**
 * The unknown keys of the blocks that SPIRE checks. It passes over `experimental`, `federation`, `federates_with`,
 * `profile` and `telemetry` themselves; so do we, because files that it starts with must start here.
 */
export function unknownServerKeys(file: RawServerFile): UnknownSection[] {
  const { server, telemetry, health_checks } = file;
  const { ca_subject: caSubject, federation } = server;
  const endpoint = federation?.bundle_endpoint;
  return [
    { section: 'top-level', keys: unknownKeys(file) },
    { section: 'server', keys: unknownKeys(server) },
    { section: 'ca_subject', keys: caSubject === undefined ? [] : unknownKeys(caSubject) },
    { section: 'ratelimit', keys: unknownKeys(server.ratelimit) },
    { section: 'bundle endpoint', keys: endpoint === undefined ? [] : unknownKeys(endpoint) },
    { section: 'bundle endpoint ACME', keys: endpoint?.acme === undefined ? [] : unknownKeys(endpoint.acme) },
    ...unknownTelemetryKeys(telemetry),
    { section: 'health check', keys: unknownKeys(health_checks) },
  ];
}
