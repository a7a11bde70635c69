/**
 * Asks before something is ended or handed over, with an owner and a reason; then shows what the
 * node answered and what takes it back.
 */
import { rememberedOwner, rememberOwner, showDone, showRefusal } from './answer.js';
import type { CommandAnswer } from './api.js';
import { byId, inputOf, onSubmit, setText } from './dom.js';
import type { FormValues } from './entry-commands.js';

export interface Act {
  readonly title: string;
  /** What it will do. */
  readonly effect: string;
  /** The word of the button. */
  readonly verb: string;
  /** Sends the command, with what was entered as `owner` and `reason`. */
  readonly send: (note: FormValues) => Promise<CommandAnswer>;
  /** What it has done. */
  readonly done: (answer: CommandAnswer) => readonly string[];
  /** The commands that take it back. */
  readonly back: readonly string[];
  /** Where the focus goes when what had it is gone. */
  readonly focusAfter?: () => void;
}

export class ActDialog {
  readonly #dialog = byId<HTMLDialogElement>('act-dialog');
  readonly #form = byId<HTMLFormElement>('act-form');
  readonly #title = byId('act-title');
  readonly #effect = byId('act-effect');
  readonly #fields = byId('act-fields');
  readonly #answer = byId('act-answer');
  readonly #submit = byId<HTMLButtonElement>('act-submit');
  readonly #close = byId<HTMLButtonElement>('act-close');
  #act: Act | undefined;

  constructor() {
    this.#close.addEventListener('click', () => this.#dialog.close());
    this.#dialog.addEventListener('close', () => this.#keepFocus());
    onSubmit(this.#form, () => this.#send());
  }

  ask(act: Act): void {
    this.#act = act;
    this.#form.reset();
    setText(this.#title, act.title);
    setText(this.#effect, act.effect);
    setText(this.#submit, act.verb);
    setText(this.#close, 'Cancel');
    this.#answer.replaceChildren();
    this.#fields.hidden = false;
    this.#submit.hidden = false;
    this.#submit.disabled = false;
    inputOf(this.#form, 'owner').value = rememberedOwner();
    this.#dialog.showModal();
    this.#submit.focus();
  }

  /** A dialog gives the focus back to what opened it, unless that is gone. */
  #keepFocus(): void {
    const { activeElement } = document;
    const isLost = activeElement === document.body || this.#dialog.contains(activeElement);
    if (isLost) this.#act?.focusAfter?.();
  }

  async #send(): Promise<void> {
    const act = this.#act;
    if (act === undefined || this.#submit.disabled) return;
    const note = {
      reason: inputOf(this.#form, 'reason').value,
      owner: inputOf(this.#form, 'owner').value,
    };
    rememberOwner(note.owner.trim());
    this.#submit.disabled = true;
    const answer = await act.send(note);
    // Meanwhile it may have been closed, and opened for another one.
    if (act !== this.#act) return;
    this.#submit.disabled = false;
    if (!answer.isDone) {
      showRefusal(this.#answer, answer.refusal);
      this.#submit.focus();
      return;
    }
    showDone(this.#answer, act.done(answer), act.back);
    this.#fields.hidden = true;
    this.#submit.hidden = true;
    setText(this.#close, 'Close');
    this.#close.focus();
  }
}
