import { readFile } from 'node:fs/promises';
import type { ServerOptions } from 'node:https';
import { createSecureContext, type TLSSocket } from 'node:tls';
import { Certificate } from '../../crypto/certificate.ts';
import { peerChainDer, SECURE_OPTIONS, tlsMaterial } from '../../rpc/tls-material.ts';
import type { Clock } from '../../runtime/clock.ts';
import { prefixed, SpirekitError } from '../../runtime/errors.ts';
import type { X509BundleSource } from '../../spiffe/bundle-source.ts';
import { SpiffeId } from '../../spiffe/spiffe-id.ts';
import { verifyX509Svid } from '../../spiffe/x509-svid.ts';
import type { ExporterIdentity } from './exporter-identity.ts';

/** The `tls` block of the exporter. */
export interface ExporterTlsSettings {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile: string;
  readonly useSpireSvid: boolean;
  readonly authorizedSpiffeIds: readonly string[];
}

/** What the daemon gives for its exporter's TLS. */
export interface ExporterTlsDeps {
  /** Who may ask; empty lets everybody ask whom the other settings let in. */
  readonly authorizedIds: readonly SpiffeId[];
  readonly identity: ExporterIdentity;
  readonly bundles: X509BundleSource;
  readonly clock: Clock;
}

interface TlsMaterial {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

/** Server certificate and key, and who may ask. */
export interface ExporterTls {
  serverOptions(): ServerOptions;
  /** New certificate and key for the next handshakes, if those of the last call are no longer the daemon's. */
  findNewMaterial(): TlsMaterial | undefined;
  /** Throws to refuse a connection whose handshake is done. */
  authorize(socket: TLSSocket): void;
}

/** `authorized_spiffe_ids`, after a look at the whole block. Errors: `invalid-config` for settings that exclude each other, `invalid-spiffe-id`. */
export function parseAuthorizedIds(settings: ExporterTlsSettings): readonly SpiffeId[] {
  checkSettings(settings);
  return settings.authorizedSpiffeIds.map(parseAuthorizedId);
}

/**
 * Reads the files of the settings, once; the daemon's own SVID is taken anew for each handshake. Errors:
 * `invalid-config` for files that hold no certificate and its key, `io-error`.
 */
export async function openExporterTls(settings: ExporterTlsSettings, deps: ExporterTlsDeps): Promise<ExporterTls> {
  const authorized = new Set(deps.authorizedIds.map(String));
  const clientCa = settings.clientCaFile === '' ? undefined : await read(settings.clientCaFile);
  const fromFiles = settings.useSpireSvid ? undefined : await readMaterial(settings);
  let shown = fromFiles === undefined ? deps.identity() : undefined;
  return {
    findNewMaterial: () => {
      if (shown === undefined) return undefined;
      const present = deps.identity();
      if (present.privateKey === shown.privateKey) return undefined;
      shown = present;
      return materialOf(present);
    },
    serverOptions: () => ({
      ...(fromFiles ?? materialOf(shown ?? deps.identity())),
      minVersion: 'TLSv1.2',
      secureOptions: SECURE_OPTIONS,
      ca: clientCa ?? [],
      requestCert: clientCa !== undefined || authorized.size > 0,
      // With authorized SPIFFE IDs Node has no say: the bundle of the very trust domain decides.
      rejectUnauthorized: clientCa !== undefined,
    }),
    authorize: (socket) => {
      if (authorized.size === 0) return;
      const chain = peerChainDer(socket).map((der) => Certificate.parse(der));
      const { id } = verifyX509Svid(chain, deps.bundles, { nowMs: deps.clock.nowMs() });
      if (!authorized.has(id.toString())) throw new SpirekitError('permission-denied', `unexpected ID "${id}"`);
    },
  };
}

/** The sentences are SPIRE's. */
function checkSettings(settings: ExporterTlsSettings): void {
  const { certFile, keyFile, clientCaFile, useSpireSvid, authorizedSpiffeIds } = settings;
  const refuse = (what: string): SpirekitError =>
    new SpirekitError('invalid-config', `failed to create TLS config for Prometheus: ${what}`);
  if (useSpireSvid && (certFile !== '' || keyFile !== '')) {
    throw refuse('cert_file and key_file cannot be configured when use_spire_svid is enabled');
  }
  if (!useSpireSvid && (certFile === '' || keyFile === '')) {
    throw refuse('cert_file and key_file must both be configured unless use_spire_svid is enabled');
  }
  if (authorizedSpiffeIds.length > 0 && clientCaFile !== '') {
    throw refuse('client_ca_file cannot be configured with authorized_spiffe_ids');
  }
}

function parseAuthorizedId(text: string): SpiffeId {
  try {
    return SpiffeId.parse(text);
  } catch (error) {
    throw prefixed(
      `failed to create TLS config for Prometheus: invalid authorized SPIFFE ID ${JSON.stringify(text)}`,
      error,
    );
  }
}

async function readMaterial({ certFile, keyFile }: ExporterTlsSettings): Promise<TlsMaterial> {
  const material = { cert: await read(certFile), key: await read(keyFile) };
  try {
    createSecureContext(material);
  } catch (cause) {
    // What OpenSSL says may hold nothing of the key, but the sentence is ours all the same.
    throw new SpirekitError('invalid-config', `${certFile} and ${keyFile} are no certificate and its key`, { cause });
  }
  return material;
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw prefixed('failed to create TLS config for Prometheus', SpirekitError.from(error));
  }
}

function materialOf({ certificates, privateKey }: ReturnType<ExporterIdentity>): TlsMaterial {
  return tlsMaterial(
    certificates.map((certificate) => certificate.der),
    privateKey,
  );
}
