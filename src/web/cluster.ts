/** Is freno itself well? A line in the bar; a click opens the nodes. */
import type { ActDialog } from './act-dialog.js';
import { type CommandAnswer, command } from './api.js';
import { byId, element, type KeyedItem, KeyedList, setAttribute, setText } from './dom.js';
import type { FormValues } from './entry-commands.js';
import { counted, shortNumber, wholeDuration } from './format.js';
import { nodeFaultText } from './node-fault.js';
import { pathOf } from './paths.js';
import type { ClusterTopic, NodeRow } from './topics.js';

/** Clocks that differ by more are shown as a fault. */
const CLOCK_DIFFERENCE_MAX_MS = 500;
/** Without an answer, the page looks for so long which node leads next. */
const NEXT_LEADER_MS = 10_000;
const LOOK_MS = 200;

export class ClusterZone {
  readonly #summary = byId('cluster-summary');
  readonly #configuration = byId('configuration');
  readonly #list = new KeyedList<NodeRow>(byId('nodes'), nodeItem);
  readonly #yield = byId<HTMLButtonElement>('yield');
  #topic: ClusterTopic | undefined;

  constructor(acts: ActDialog) {
    this.#yield.addEventListener('click', () => this.#askToHandOver(acts));
  }

  update(topic: ClusterTopic | undefined): void {
    if (topic === undefined) return;
    this.#topic = topic;
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

  #askToHandOver(acts: ActDialog): void {
    const topic = this.#topic;
    if (topic === undefined) return;
    acts.ask({
      title: 'Hand over to another node',
      effect:
        `${nameOf(topic, topic.Leader)} stops leading, and the node with the newest log leads. ` +
        'Checks are not answered for about a tenth of a second.',
      verb: 'Hand over',
      send: (note) => this.#handOver(note, topic.Leader),
      done: ({ leader }) => [
        leader === '' ? 'Done: another node leads.' : `Done: ${nameOf(topic, leader)} leads now.`,
        'Its page can hand over again; which node leads next is not chosen.',
      ],
      back: [],
      focusAfter: () => byId('cluster-summary').closest('summary')?.focus(),
    });
  }

  /** A balancer may cut the answer off together with the node that no longer leads. */
  async #handOver(note: FormValues, from: string): Promise<CommandAnswer> {
    const answer = await command(pathOf(['raft', 'yield'], note));
    if (!hasNoAnswer(answer)) return answer;
    for (let waitedMs = 0; waitedMs < NEXT_LEADER_MS; waitedMs += LOOK_MS) {
      const { Leader: leader = '' } = this.#topic ?? {};
      if (leader !== '' && leader !== from) return { ...answer, isDone: true, leader };
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return answer;
  }
}

function hasNoAnswer({ status }: CommandAnswer): boolean {
  return status === 0 || status >= 502;
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
      setText(error, nodeFaultText(row));
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
