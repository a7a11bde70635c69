/** Elements, made and changed only where something differs. Names and texts are always text. */

export type Child = Node | string;

export interface Attributes {
  readonly [name: string]: string | number | boolean | undefined;
}

/** An attribute that is `true` has no value; one that is false or undefined is left out. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(made, name, value);
  made.append(...children);
  return made;
}

export function setAttribute(
  target: Element,
  name: string,
  value: string | number | boolean | undefined,
): void {
  if (value === undefined || value === false) {
    if (target.hasAttribute(name)) target.removeAttribute(name);
    return;
  }
  const text = value === true ? '' : String(value);
  if (target.getAttribute(name) !== text) target.setAttribute(name, text);
}

export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** The element of the page with that identity. */
export function byId<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as Kind;
}

/** A button that calls `press`. */
export function button(label: string, press: () => void, attributes: Attributes = {}) {
  const made = element('button', { type: 'button', ...attributes }, label);
  made.addEventListener('click', press);
  return made;
}

/** Calls `send` when the form is submitted, which goes nowhere by itself. */
export function onSubmit(form: HTMLFormElement, send: () => Promise<void>): void {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void send();
  });
}

/** The field of that name. */
export function inputOf(form: HTMLFormElement, name: string): HTMLInputElement {
  return form.elements.namedItem(name) as HTMLInputElement;
}

/** One item of a list that is kept up to date. */
export interface KeyedItem<Value> {
  readonly node: HTMLElement;
  update(value: Value): void;
}

/** The children of `parent`, one for each key: kept, moved, made and removed as they must be. */
export class KeyedList<Value> {
  readonly #parent: Element;
  readonly #make: (key: string) => KeyedItem<Value>;
  readonly #items = new Map<string, KeyedItem<Value>>();

  constructor(parent: Element, make: (key: string) => KeyedItem<Value>) {
    this.#parent = parent;
    this.#make = make;
  }

  get keys(): readonly string[] {
    return [...this.#items.keys()];
  }

  update(values: ReadonlyMap<string, Value>): void {
    for (const [key, item] of this.#items) {
      if (values.has(key)) continue;
      item.node.remove();
      this.#items.delete(key);
    }
    let before: Element | null = this.#parent.firstElementChild;
    const ordered = new Map<string, KeyedItem<Value>>();
    for (const [key, value] of values) {
      const item = this.#items.get(key) ?? this.#make(key);
      ordered.set(key, item);
      item.update(value);
      if (item.node === before) before = before.nextElementSibling;
      else this.#parent.insertBefore(item.node, before);
    }
    this.#items.clear();
    for (const [key, item] of ordered) this.#items.set(key, item);
  }
}
