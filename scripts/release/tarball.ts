import { runTool } from './npm.ts';

/** What `npm pack` made. */
export interface Tarball {
  readonly filename: string;
  readonly version: string;
  /** Paths in the package, in order. */
  readonly files: readonly string[];
}

interface PackReport {
  readonly filename: string;
  readonly version: string;
  readonly files: readonly { readonly path: string }[];
}

/** Builds the package of a checkout into a folder. */
export function packTarball(destination: string, checkout?: string): Tarball {
  const printed = runTool('npm', ['pack', '--json', '--pack-destination', destination], checkout);
  // What the build prints comes first.
  const [report]: PackReport[] = JSON.parse(printed.slice(printed.lastIndexOf('\n[') + 1));
  if (report === undefined) throw new Error('npm pack reported no package');
  return {
    filename: report.filename,
    version: report.version,
    files: report.files.map(({ path }) => path).sort(),
  };
}
