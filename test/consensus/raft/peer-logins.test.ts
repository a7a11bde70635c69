/** Which stores the peers can log in to: the question, its answers, and their bounds. */
import { expect } from 'chai';
import {
  decodeLoginMessage,
  encodeLoginMessage,
  isLoginMessage,
  type LoginMessage,
} from '../../../src/consensus/raft/codec/login-question.js';
import { encodeMessage } from '../../../src/consensus/raft/codec/messages.js';
import { wire } from '../../../src/consensus/raft/codec/wire.js';
import { PeerLogins } from '../../../src/consensus/raft/peer-logins.js';
import { ASKED_STORES_MAX } from '../../../src/contracts/consensus.js';
import { eventLoopTurns } from '../../support/event-loop.js';
import { failureOf } from '../../support/failure.js';

type Sent = readonly [to: string, message: LoginMessage];

describe('questions about logins', () => {
  let sent: Sent[];
  let tried: Array<readonly string[]>;
  let unreachable: string[];
  let endTrial: () => void;

  beforeEach(() => {
    sent = [];
    tried = [];
    unreachable = [];
  });

  function newNode(knowing: readonly string[] = ['b', 'c']): PeerLogins {
    return new PeerLogins({
      peers: ['b', 'c'],
      isRead: (peer) => knowing.includes(peer),
      send: (to, body) => {
        if (unreachable.includes(to)) return false;
        sent.push([to, decodeLoginMessage(body)]);
        return true;
      },
      trial: (stores) => {
        tried.push(stores);
        return new Promise((resolve) => {
          endTrial = () => resolve(stores.slice(1));
        });
      },
      random: () => 0.5,
    });
  }

  function answer(to: Sent, stores: readonly string[], id = to[1].id): LoginMessage {
    return { kind: 'answer', id, stores };
  }

  it('go to each peer, and end with the last answer', async () => {
    const node = newNode();
    const asking = node.ask(['x', 'y']);
    expect(sent.map(([to, { kind, stores }]) => [to, kind, stores])).to.deep.equal([
      ['b', 'question', ['x', 'y']],
      ['c', 'question', ['x', 'y']],
    ]);
    node.received('b', answer(sent[0]!, ['x']));
    node.received('c', answer(sent[1]!, []));
    expect([...(await asking)]).to.deep.equal([
      ['b', ['x']],
      ['c', []],
    ]);
  });

  it('do not go to a peer of a release that does not know them', async () => {
    const asking = newNode(['c']);
    const answers = asking.ask(['x']);
    expect(sent.map(([to]) => to)).to.deep.equal(['c']);
    asking.received('c', answer(sent[0]!, ['x']));
    expect((await answers).size).to.equal(1);
    expect((await newNode([]).ask(['x'])).size).to.equal(0);
    expect(sent).to.have.length(1);
  });

  it('wait for no peer that is not connected', async () => {
    unreachable = ['b'];
    const node = newNode();
    const asking = node.ask(['x']);
    node.received('c', answer(sent[0]!, ['x']));
    expect([...(await asking)]).to.deep.equal([['c', ['x']]]);
  });

  it('take no answer to an earlier question, nor of a node that was not asked', async () => {
    const node = newNode(['b']);
    const first = node.ask(['x']);
    const second = node.ask(['y']);
    node.received('b', answer(sent[0]!, ['x']));
    node.received('c', answer(sent[1]!, ['y']));
    expect((await first).size).to.equal(0);
    node.received('b', answer(sent[1]!, ['y']));
    expect([...(await second)]).to.deep.equal([['b', ['y']]]);
  });

  it('are answered by one trial at a time', async () => {
    const node = newNode();
    const question = { kind: 'question', id: 7, stores: ['x', 'y'] } as const;
    node.received('b', question);
    node.received('c', { ...question, id: 8 });
    expect(tried).to.deep.equal([['x', 'y']]);
    endTrial();
    await eventLoopTurns();
    expect(sent).to.deep.equal([['b', { kind: 'answer', id: 7, stores: ['y'] }]]);
    node.received('c', { ...question, id: 9 });
    expect(tried).to.have.length(2);
  });

  it('differ from messages of the algorithm', () => {
    const question = encodeLoginMessage({ kind: 'question', id: 1, stores: [] });
    expect(isLoginMessage(question)).to.equal(true);
    expect(isLoginMessage(encodeLoginMessage({ kind: 'answer', id: 1, stores: [] }))).to.equal(
      true,
    );
    const vote = encodeMessage({
      kind: 'voteResponse',
      from: 'b',
      to: 'c',
      term: 1,
      granted: true,
    });
    expect(isLoginMessage(vote)).to.equal(false);
  });

  it('are refused beyond their bounds', async () => {
    const stores = Array.from({ length: ASKED_STORES_MAX + 1 }, (_, index) => `s${index}`);
    for (const body of [stores, ['n'.repeat(2_000)]]) {
      const bytes = wire.PeerMessage.encode({ loginQuestion: { id: 1, stores: body } }).finish();
      const failure = await failureOf(Promise.resolve().then(() => decodeLoginMessage(bytes)));
      expect(failure).to.include({ code: 'PROTOCOL' });
    }
  });
});
