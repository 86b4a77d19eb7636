/** The number behind `--seed`, or one of the moment; said, so that a run can be had again. */
export function seedFrom(args: readonly string[]): number {
  const at = args.indexOf('--seed');
  const seed = at < 0 ? Date.now() % 2 ** 31 : Number(args[at + 1]);
  console.log(`seed ${seed} (--seed ${seed} chooses the same moments)`);
  return seed;
}
