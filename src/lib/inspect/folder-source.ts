import type { KeyObject } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SpirekitError } from '../runtime/errors.ts';
import { fileError, loadFile } from './bounded-file.ts';
import type { Document } from './document.ts';
import { type DocumentOptions, matchKeys, type ParsedDocuments, parseDocuments } from './parse-documents.ts';

/** Files of one folder that are looked at; those of the layouts in use have under ten. */
const MOST_FILES = 1000;

/** What may hold certificates, keys, tokens or bundles, by its ending. Names that begin with a dot are others' business. */
const OF_INTEREST = /^[^.].*\.(?:pem|crt|cer|key|der|jwt|token|json|jwks|bundle)$|^[^.]*(?:token|jwt)[^.]*$/i;

/**
 * Reads the files of a folder in any layout: SPIRE's (svid.0.pem, svid.0.key, bundle.0.pem), spiffe-helper's, Kubernetes'
 * (tls.crt, tls.key, ca.crt), one file with everything, credential folders. What a file is, it says by its contents; keys
 * are matched with certificates by their public halves. Folders below it are not looked at.
 *
 * @throws SpirekitError `not-found`, `permission-denied`, `io-error`, `resource-exhausted`
 */
export async function loadFolder(path: string, options: DocumentOptions, signal?: AbortSignal): Promise<Document[]> {
  const { documents, privateKeys } = await loadFolderParts(path, options, signal);
  return matchKeys(documents, privateKeys).filter((document) => isFor(document, options.purpose));
}

/** Everything in a folder, with the private keys: for whoever is to prove an identity. @throws as {@link loadFolder} */
export async function loadFolderParts(
  path: string,
  options: DocumentOptions,
  signal?: AbortSignal,
): Promise<ParsedDocuments> {
  const names = await readdir(path).catch((cause: unknown) => {
    throw fileError(`open ${path}`, cause);
  });
  const wanted = names.filter((name) => OF_INTEREST.test(name)).sort();
  if (wanted.length > MOST_FILES)
    throw new SpirekitError('resource-exhausted', `${path} has over ${MOST_FILES} files to look at`);
  const documents: Document[] = [];
  const privateKeys: KeyObject[] = [];
  for (const name of wanted) {
    signal?.throwIfAborted();
    const file = join(path, name);
    const parsed = await loadFolderFile(file, options, signal);
    documents.push(...parsed.documents);
    privateKeys.push(...parsed.privateKeys);
  }
  return { documents, privateKeys };
}

/** One that cannot be read or is not known does not hide the others. */
async function loadFolderFile(file: string, options: DocumentOptions, signal: AbortSignal | undefined) {
  const isKeyFile = /\.key$/i.test(file);
  try {
    const bytes = await loadFile(file, signal);
    const parsed = parseDocuments(file, bytes, { ...options, purpose: 'any' });
    const isForeign = parsed.documents.every(({ kind }) => kind === 'unreadable') && (isKeyFile || !isCertain(file));
    return isForeign ? { documents: [], privateKeys: parsed.privateKeys } : parsed;
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
    if (isKeyFile) return { documents: [], privateKeys: [] };
    return { documents: [{ kind: 'unreadable', name: file, takenFor: 'x509', error } as const], privateKeys: [] };
  }
}

/** Its ending promises a certificate or a token, so that not finding one is worth a word. */
function isCertain(file: string): boolean {
  return /\.(?:pem|crt|cer|jwt)$/i.test(file);
}

function isFor(document: Document, purpose: DocumentOptions['purpose']): boolean {
  switch (purpose) {
    case 'any':
      return true;
    case 'svid':
      return document.kind !== 'bundle';
    case 'bundle':
      return document.kind === 'bundle';
  }
}
