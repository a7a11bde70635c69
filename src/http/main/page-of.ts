/** A part of a list that main writes. */
import { sortInChunks, TimeSlice } from '../../base/time-slice.js';
import type { ListPage } from '../../contracts/http.js';

/** The names of the page, sorted. */
export async function namesOfPage(names: Iterable<string>, page: ListPage): Promise<string[]> {
  const slice = new TimeSlice();
  const asked: string[] = [];
  for (const name of names) {
    if (name > page.after && name.startsWith(page.prefix)) asked.push(name);
    if (slice.shouldYield) await slice.yield();
  }
  return (await sortInChunks(asked, slice)).slice(0, page.limit);
}
