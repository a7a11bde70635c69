/**
 * Who uses the page, and what that caller may do. A token is kept in the memory of this tab alone,
 * so that it is gone with the tab and no other page finds it; what the caller may not do is hidden.
 */
import { answerTo, useToken } from './api.js';
import { byId, onSubmit, setAttribute, setText } from './dom.js';

interface AccessReport {
  readonly Caller: string;
  readonly Roles: readonly string[];
  readonly Anonymous: readonly string[];
}

const ROLES = ['check', 'read', 'control', 'admin'];
const ANONYMOUS = 'anonymous';
const OPEN_ACCESS: AccessReport = { Caller: ANONYMOUS, Roles: ROLES, Anonymous: ROLES };
const NO_ACCESS: AccessReport = { Caller: 'unknown token', Roles: [], Anonymous: [] };
/** 429: too many of them came from here. */
const UNKNOWN_TOKEN = [401, 429];

export class AccessZone {
  readonly #button = byId<HTMLButtonElement>('caller');
  readonly #dialog = byId<HTMLDialogElement>('token-dialog');
  readonly #form = byId<HTMLFormElement>('token-form');
  readonly #token = byId<HTMLInputElement>('token');
  readonly #answer = byId('token-answer');
  readonly #changed: () => void;
  #caller = ANONYMOUS;

  /** `changed`: another caller uses the page. */
  constructor(changed: () => void) {
    this.#changed = changed;
    this.#button.addEventListener('click', () => this.#ask());
    byId('token-close').addEventListener('click', () => this.#dialog.close());
    // With the token goes all that it has shown.
    byId('token-forget').addEventListener('click', () => location.reload());
    onSubmit(this.#form, () => this.#use(this.#token.value.trim()));
    void this.look();
  }

  /** Asks the node again: its configuration may have changed, or another node may answer. */
  async look(): Promise<void> {
    const { status, body } = await answerTo<AccessReport>('/access');
    if (body !== null) this.#show(body);
    else if (UNKNOWN_TOKEN.includes(status)) this.#show(NO_ACCESS);
    // A node of an earlier release restricts no caller.
    else if (status === 404) this.#show(OPEN_ACCESS);
  }

  #show({ Caller, Roles, Anonymous }: AccessReport): void {
    this.#caller = Caller;
    const may = new Set([...Roles, ...Anonymous]);
    setAttribute(document.body, 'data-may', [...may].join(' '));
    this.#button.hidden = Caller === ANONYMOUS && ROLES.every((role) => Anonymous.includes(role));
    setText(this.#button, Caller === ANONYMOUS ? 'use a token' : Caller);
  }

  #ask(): void {
    setText(this.#answer, '');
    this.#token.value = '';
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  async #use(token: string): Promise<void> {
    useToken(token);
    this.#token.value = '';
    await this.look();
    if (this.#caller !== NO_ACCESS.Caller) this.#dialog.close();
    else {
      setText(this.#answer, 'The node does not know this token.');
      useToken('');
      await this.look();
    }
    this.#changed();
  }
}
