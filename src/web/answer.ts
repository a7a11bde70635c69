/** How a form shows what the node answered, and what takes the command back. */
import { hasToken } from './api.js';
import { element } from './dom.js';

/** The owner that the last command named, for the next one. */
const OWNER_KEY = 'freno.owner';

export function rememberedOwner(): string {
  return storage()?.getItem(OWNER_KEY) ?? '';
}

export function rememberOwner(owner: string): void {
  storage()?.setItem(OWNER_KEY, owner);
}

/** Null in a browser that refuses it to this page. */
function storage(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

/** `back`: the paths that take it back. */
export function showDone(target: Element, said: readonly string[], back: readonly string[]): void {
  const lines = said.map((text, at) => element('p', at === 0 ? { class: 'done' } : {}, text));
  if (back.length > 0) {
    const sent = hasToken() ? ' -H "Authorization: Bearer $FRENO_TOKEN"' : '';
    const commands = back.map((path) => `curl -X POST${sent} '${location.origin}${path}'`);
    lines.push(element('p', { class: 'back' }, 'To take it back:'));
    lines.push(element('p', {}, element('code', {}, commands.join('\n'))));
  }
  target.replaceChildren(...lines);
}

export function showRefusal(target: Element, refusal: string): void {
  target.replaceChildren(element('p', { class: 'failed' }, refusal));
}
