/** The keyboard: `/` searches, arrows go through the rows, Escape closes, `?` lists the keys. */
import { byId } from './dom.js';

export function listenToKeys(): void {
  const search = byId<HTMLInputElement>('search');
  const help = byId<HTMLDialogElement>('keys-dialog');
  byId('keys-close').addEventListener('click', () => help.close());
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isTyping = event.target instanceof HTMLInputElement;
    if (event.key === 'Escape') pressEscape(search);
    else if (isTyping && event.target !== search) return;
    else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (moveFocus(event.key === 'ArrowDown' ? 1 : -1)) event.preventDefault();
    } else if (isTyping) return;
    else if (event.key === '/') {
      event.preventDefault();
      search.focus();
    } else if (event.key === '?') help.showModal();
  });
}

/** An open dialog closes itself; then the search is emptied; then the open row closes. */
function pressEscape(search: HTMLInputElement): void {
  if (document.querySelector('dialog[open]') !== null) return;
  // What is typed next is a key of the page again.
  if (document.activeElement === search) search.blur();
  if (search.value !== '') {
    search.value = '';
    search.dispatchEvent(new Event('input'));
  } else if (location.hash !== '') location.hash = '#';
  else if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}

function moveFocus(step: number): boolean {
  if (document.querySelector('dialog[open]') !== null) return false;
  const links = [...document.querySelectorAll<HTMLElement>('a.row-link')];
  const at = links.indexOf(document.activeElement as HTMLElement);
  const next = links[at === -1 && step > 0 ? 0 : at + step];
  next?.focus();
  return next !== undefined;
}
