import { flag } from './go-flags.ts';

/** The flag of `entry update` and `entry delete`: an extension. */
export const undoFileFlag = {
  undoFile: flag.string({
    usage: 'Write a file that `spirekit entry undo` puts back, before anything is changed; there must be none yet',
    isExtension: true,
  }),
} as const;
