/**
 * The list of what a release is made of, in CycloneDX form: the packages that an install fetches, and those that the build
 * has copied into the bundles. npm writes it from the lock file; here the tools of development are left out.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { ROOT, runTool } from './npm.ts';

interface Component {
  readonly 'bom-ref': string;
  readonly group?: string;
  readonly name: string;
  readonly version: string;
}

interface Dependency {
  readonly ref: string;
  readonly dependsOn?: readonly string[];
}

/** The parts of a CycloneDX document that are read here; the others are carried along. */
export interface BillOfMaterials {
  readonly metadata: { readonly component: Readonly<Record<string, unknown>> };
  readonly components: readonly Component[];
  readonly dependencies: readonly Dependency[];
}

/** A package inside the bundles. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
}

/** The bill of the package that was built last. */
export function billOfMaterials(): BillOfMaterials {
  const list = (args: readonly string[]): BillOfMaterials =>
    JSON.parse(
      runTool('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only', '--workspaces=false', ...args]),
    );
  const bundled: BundledPackage[] = JSON.parse(readFileSync(join(ROOT, 'dist/bundled.json'), 'utf8'));
  const bill = selectParts(list([]), list(['--omit', 'dev']), bundled);
  // npm takes the name of the folder where a package has workspaces.
  const component = { ...bill.metadata.component, name: manifest.name, type: 'application' };
  return { ...bill, metadata: { ...bill.metadata, component } };
}

/**
 * Takes from the list of everything what is installed and what is bundled.
 *
 * @throws {Error} if a bundled package is not in the list of everything
 */
export function selectParts<Bill extends BillOfMaterials>(
  everything: Bill,
  installed: BillOfMaterials,
  bundled: readonly BundledPackage[],
): Bill {
  const refs = new Set(installed.components.map((component) => component['bom-ref']));
  for (const { name, version } of bundled) {
    const part = everything.components.find(
      (component) => fullName(component) === name && component.version === version,
    );
    if (part === undefined) throw new Error(`${name} ${version} is in the bundles, but not in the lock file`);
    refs.add(part['bom-ref']);
  }
  const own = everything.dependencies.filter(
    ({ ref }) => !everything.components.some((part) => part['bom-ref'] === ref),
  );
  return {
    ...everything,
    components: everything.components.filter((part) => refs.has(part['bom-ref'])),
    dependencies: [...own, ...everything.dependencies.filter(({ ref }) => refs.has(ref))].map((dependency) => ({
      ...dependency,
      dependsOn: (dependency.dependsOn ?? []).filter((ref) => refs.has(ref)),
    })),
  };
}

/** npm writes a scoped package as it is called; other tools put the scope into a group. */
function fullName(component: Component): string {
  return component.group === undefined ? component.name : `${component.group}/${component.name}`;
}
