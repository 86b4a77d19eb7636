import type { CancelTimer, Clock } from '../runtime/clock.ts';
import { giveBackUnusedMemory } from '../runtime/unused-memory.ts';
import type { IdentityContents } from '../svidfiles/identity-contents.ts';
import { type FilePlan, identityFiles } from '../svidfiles/identity-files.ts';
import type { IdentityFolder } from '../svidfiles/identity-folder.ts';
import type { IdentityOutput } from './identity-output.ts';

/** What a change takes is not needed again for a long while. */
const GIVE_BACK_AFTER_MS = 2000;

/** Keeps an identity in folders, each with a layout of its own. */
export class FolderOutput implements IdentityOutput, Disposable {
  readonly #parts: readonly { readonly folder: IdentityFolder; readonly plan: FilePlan }[];
  readonly #clock: Clock;
  #cancel: CancelTimer | undefined;

  /** The folders stay their owner's. */
  constructor(parts: readonly { readonly folder: IdentityFolder; readonly plan: FilePlan }[], clock: Clock) {
    this.#parts = parts;
    this.#clock = clock;
  }

  /** The first. */
  get folder(): string | undefined {
    return this.#parts[0]?.folder.path;
  }

  async write(contents: IdentityContents): Promise<void> {
    const nowMs = this.#clock.nowMs();
    for (const { folder, plan } of this.#parts) await folder.write(await identityFiles(contents, plan, { nowMs }));
    this.#cancel?.();
    this.#cancel = this.#clock.schedule(GIVE_BACK_AFTER_MS, () => void giveBackUnusedMemory(), { unref: true });
  }

  async remove(): Promise<void> {
    for (const { folder } of this.#parts) await folder.clear();
  }

  [Symbol.dispose](): void {
    this.#cancel?.();
  }
}
