/** Asks for page after page and gives all of their items. */
export async function collectPages<T>(
  fetchPage: (token: string) => Promise<{ readonly items: readonly T[]; readonly nextPageToken: string }>,
): Promise<T[]> {
  const items: T[] = [];
  let token = '';
  do {
    const page = await fetchPage(token);
    for (const item of page.items) items.push(item);
    token = page.nextPageToken;
  } while (token !== '');
  return items;
}
