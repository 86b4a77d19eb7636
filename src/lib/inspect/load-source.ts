import { stat } from 'node:fs/promises';
import { DocumentFetcher } from '../fetch/document-fetcher.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { fileError, loadFile, loadStream } from './bounded-file.ts';
import type { Document } from './document.ts';
import { loadFolder } from './folder-source.ts';
import { type DocumentOptions, matchKeys, parseDocuments } from './parse-documents.ts';
import { peerChain } from './peer-chain.ts';
import { serverBundles } from './server-bundles.ts';
import type { Source } from './source.ts';
import type { SourceContext } from './source-context.ts';
import { workloadDocuments } from './workload-documents.ts';

/**
 * Everything that a source holds for a purpose, in its own order. What cannot be read as anything comes out as such; only
 * a source that cannot be reached at all is an error.
 *
 * @throws SpirekitError `not-found`, `permission-denied`, `io-error`, `resource-exhausted`; what a socket or host refuses with
 */
export async function loadSource(
  source: Source,
  options: DocumentOptions,
  context: SourceContext,
): Promise<Document[]> {
  switch (source.kind) {
    case 'stdin':
      return documentsOf('stdin', await loadStream('stdin', context.stdin), options);
    case 'path':
      return readPath(source.path, options, context);
    case 'workload-api':
      return workloadDocuments(source.address ?? (await context.usualWorkloadApi()), options.purpose, context);
    case 'server':
      if (options.purpose === 'svid')
        throw new SpirekitError('invalid-argument', 'a server has bundles, no SVIDs to show');
      return serverBundles(
        source.path === '' ? await context.usualServer() : { kind: 'unix', path: source.path },
        context,
      );
    case 'https':
      return readHttps(source.url, options, context);
    case 'tls':
      return [await peerChain(source, context)];
  }
}

async function readPath(path: string, options: DocumentOptions, context: SourceContext): Promise<Document[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw fileError(`open ${path}`, cause);
  });
  if (found.isSocket()) return workloadDocuments({ kind: 'unix', path }, options.purpose, context);
  if (found.isDirectory()) return loadFolder(path, options, context.signal);
  return documentsOf(path, await loadFile(path, context.signal), options);
}

function documentsOf(name: string, bytes: Uint8Array, options: DocumentOptions): Document[] {
  const { documents, privateKeys } = parseDocuments(name, bytes, options);
  return matchKeys(documents, privateKeys);
}

/** For an SVID the certificate that the host presents, for a bundle what it serves; for anything both, if a path is given. */
async function readHttps(url: string, options: DocumentOptions, context: SourceContext): Promise<Document[]> {
  const documents: Document[] = [];
  const { hostname, port, pathname } = new URL(url);
  if (options.purpose !== 'bundle') {
    const host = hostname.replace(/^\[(.*)\]$/s, '$1');
    documents.push(await peerChain({ host, port: port === '' ? 443 : Number(port) }, context));
  }
  if (options.purpose === 'bundle' || (options.purpose === 'any' && pathname !== '/')) {
    const { clock, signal, timeoutMs } = context;
    const fetched = await new DocumentFetcher({ clock }).fetch(url, { accept: 'application/json', signal, timeoutMs });
    if (fetched.status !== 200) {
      throw new SpirekitError('unavailable', `${url} answered with HTTP status ${fetched.status}`);
    }
    documents.push(...documentsOf(url, fetched.body, { ...options, purpose: 'bundle' }));
  }
  return documents;
}
