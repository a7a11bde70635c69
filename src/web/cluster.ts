/** Is freno itself well? A line in the bar; a click opens the nodes. */
import { command } from './api.js';
import { byId, element, type KeyedItem, KeyedList, setAttribute, setText } from './dom.js';
import { counted, shortNumber, wholeDuration } from './format.js';
import type { ClusterTopic, NodeRow } from './topics.js';

/** Clocks that differ by more are shown as a fault. */
const CLOCK_DIFFERENCE_MAX_MS = 500;

export class ClusterZone {
  readonly #summary = byId('cluster-summary');
  readonly #configuration = byId('configuration');
  readonly #list = new KeyedList<NodeRow>(byId('nodes'), nodeItem);
  readonly #yield = byId<HTMLButtonElement>('yield');
  readonly #answer = byId('yield-answer');

  constructor() {
    this.#yield.addEventListener('click', () => void this.#handOver());
  }

  update(topic: ClusterTopic | undefined): void {
    if (topic === undefined) return;
    const { Leader, Nodes } = topic;
    const reached = Nodes.filter((node) => node.Error === '').length;
    const term = Nodes.find(({ Node }) => Node === Leader)?.Term;
    const leads = Leader === '' ? 'no leader' : `leader ${nameOf(topic, Leader)}`;
    const ofTerm = term === null || term === undefined ? '' : `, term ${term}`;
    setText(this.#summary, `${leads}${ofTerm} · ${reached} of ${counted(Nodes.length, 'node')}`);
    setAttribute(this.#summary, 'class', reached === Nodes.length && Leader !== '' ? '' : 'warns');
    const differing = Nodes.filter((node) => node.SameConfig === false);
    setText(
      this.#configuration,
      differing.length === 0
        ? 'same configuration'
        : `configuration differs on ${differing.map(({ Node }) => Node).join(', ')}`,
    );
    setAttribute(this.#configuration, 'class', differing.length === 0 ? '' : 'warns');
    this.#list.update(new Map(Nodes.map((node) => [node.Node, node])));
    this.#yield.disabled = Leader !== topic.Self;
    setAttribute(
      this.#yield,
      'title',
      Leader === topic.Self ? undefined : 'Only the page of the leader can hand over.',
    );
  }

  async #handOver(): Promise<void> {
    const { text } = await command('/raft/yield');
    setText(this.#answer, text);
  }
}

function nameOf({ Nodes }: ClusterTopic, node: string): string {
  return Nodes.find(({ Node }) => Node === node)?.HTTP ?? node;
}

function nodeItem(): KeyedItem<NodeRow> {
  const cell = () => element('td');
  const [role, log, contact, version] = [cell(), cell(), cell(), cell()];
  const [configuration, clock, error] = [cell(), cell(), cell()];
  const name = element('th', { scope: 'row' });
  const node = element('tr', {}, name, role, log, contact, version, configuration, clock, error);
  return {
    node,
    update: (row) => {
      const { Node, HTTP, Role, Term, CommitIndex, AppliedIndex, Version, Error: fault } = row;
      setText(name, HTTP ?? Node);
      setAttribute(name, 'title', Node);
      setText(role, `${fault === '' ? '' : '✕ '}${Role ?? 'not reached'}`);
      setText(log, Term === null ? '' : `term ${Term}, ${CommitIndex} / ${AppliedIndex}`);
      setText(contact, contactText(row));
      setText(version, Version ?? '');
      setText(configuration, sameText(row.SameConfig));
      setText(clock, clockText(row.ClockDifferenceMillis));
      setText(error, fault);
      setAttribute(node, 'class', fault === '' ? '' : 'waits');
    },
  };
}

function contactText({ LastContactMillis }: NodeRow): string {
  if (LastContactMillis === null) return '';
  const isRecent = LastContactMillis < 1_000;
  return isRecent ? `${shortNumber(LastContactMillis)} ms ago` : ageText(LastContactMillis);
}

function ageText(milliseconds: number): string {
  return `${wholeDuration(milliseconds / 1_000)} ago`;
}

function sameText(isSame: boolean | null): string {
  if (isSame === null) return 'not known';
  return isSame ? 'same' : 'differs';
}

function clockText(differenceMs: number | null): string {
  if (differenceMs === null) return '';
  const text = `${differenceMs > 0 ? '+' : ''}${shortNumber(differenceMs)} ms`;
  return Math.abs(differenceMs) > CLOCK_DIFFERENCE_MAX_MS ? `! ${text}` : text;
}
