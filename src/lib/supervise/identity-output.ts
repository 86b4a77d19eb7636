import type { IdentityContents } from '../svidfiles/identity-contents.ts';

/** Where an identity is kept. */
export interface IdentityOutput {
  /** The folder with the files, if there are any. */
  readonly folder: string | undefined;
  /** Puts it there as a whole, on disk when the promise resolves, or leaves what is there as it is and rejects. */
  write(contents: IdentityContents): Promise<void>;
  /** Takes it away. */
  remove(): Promise<void>;
}

/** Keeps it nowhere: for those who only want to be told of changes. */
export const NO_OUTPUT: IdentityOutput = {
  folder: undefined,
  async write() {},
  async remove() {},
};
