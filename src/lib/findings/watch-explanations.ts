import type { Explanation } from './explanation.ts';

/** What `api watch` and `exec` say while they keep an identity fresh. */
export const WATCH_EXPLANATIONS: readonly Explanation[] = [
  {
    code: 'SPK-7101',
    title: 'The identity was taken away',
    meaning:
      'The agent grants no identity any more that it granted before: the registration entry was deleted or changed, or the process does not match it any longer. What was written is kept until it expires, or removed with --delete-on-revoke.',
    remedies: [
      'If that was meant, stop the programs that use the files.',
      'If not, compare the entries of `spirekit entry show` with the user and group of this process.',
    ],
  },
  {
    code: 'SPK-7102',
    title: 'The default identity is another one',
    meaning:
      'There are several identities, none was chosen, and the first of them is not the one that it was: an entry was added, changed or deleted. The files now hold the other one.',
    remedies: ['Choose: --spiffe-id, --hint or --index say which identity is meant.'],
  },
  {
    code: 'SPK-7103',
    title: 'The newest identity could not be kept',
    meaning:
      'What the agent gave could not be verified, has no identity that was asked for, or could not be written. What was written before is as it was. It is tried again, with growing pauses up to 30 s.',
    remedies: [
      'The sentence says what is in the way: a full disk, a folder of another user, an identity that is not granted.',
    ],
  },
  {
    code: 'SPK-7104',
    title: 'The command of --exec failed',
    meaning:
      'It did not exit with 0, or took longer than --exec-timeout and was killed. The files are in place; whoever uses them may not know of it yet. It runs again with the next change.',
    remedies: ['Run the command by hand and see what it says.', 'Give it longer with --exec-timeout.'],
  },
  {
    code: 'SPK-7105',
    title: 'A process could not be told of a change',
    meaning:
      'The pid file is missing or holds no pid, there is no such process, it belongs to another user, or it started after the file was written: the pid then belongs to another process by now.',
    remedies: [
      'See that the service runs and writes the pid file that --pid-file names.',
      'If the service runs and its pid file is older than it, let it write the file anew.',
    ],
  },
  {
    code: 'SPK-7106',
    title: 'What is kept has expired',
    meaning: 'No renewal has come in time: the agent, or the server behind it, has not answered for a long while.',
    remedies: ['`spirekit agent healthcheck` and the log of the agent say what is wrong with it.'],
  },
  {
    code: 'SPK-7107',
    title: 'The command could not be started',
    meaning:
      'There is no such program on the PATH, or this user may not run it. The exit code is 127 or 126, as a shell has it.',
    remedies: ['Give the full path of the program, and see that it is executable.'],
  },
  {
    code: 'SPK-7108',
    title: 'The agent gives no news',
    meaning:
      'The connection to the agent broke, or it answered with an error. What was written stays; the agent is called again, with growing pauses up to 30 s.',
    remedies: ['If it lasts: is the agent running, and is its socket where it was?'],
  },
];
