/** Look-ups of peers' names, with a resolver that answers when the test says so. */
import { expect } from 'chai';
import { boundedLookUp, type Resolver } from '../../../../src/consensus/raft/transport/look-up.js';

describe('the look-up of peers', () => {
  it('asks for two names at a time, in the order of the dials, and answers each', () => {
    const asked: Array<{ readonly host: string; readonly answer: Parameters<Resolver>[2] }> = [];
    const lookUp = boundedLookUp((host, _options, answer) => asked.push({ host, answer }));
    const answers: string[] = [];
    for (const host of ['a', 'b', 'c', 'd']) {
      lookUp(host, {}, (error, address) => answers.push(`${host} ${error?.message ?? address}`));
    }
    const hosts = () => asked.map(({ host }) => host);
    expect(hosts()).to.deep.equal(['a', 'b']);
    asked[1]!.answer(null, '10.0.0.2', 4);
    expect(hosts()).to.deep.equal(['a', 'b', 'c']);
    asked[0]!.answer(new Error('not found'), '');
    asked[2]!.answer(null, '10.0.0.3', 4);
    asked[3]!.answer(null, '10.0.0.4', 4);
    expect(answers).to.deep.equal(['b 10.0.0.2', 'a not found', 'c 10.0.0.3', 'd 10.0.0.4']);
  });

  it('asks once for a name that takes longer than the dials for it', () => {
    const asked: Array<{ readonly host: string; readonly answer: Parameters<Resolver>[2] }> = [];
    const lookUp = boundedLookUp((host, _options, answer) => asked.push({ host, answer }));
    const answers: string[] = [];
    for (const host of ['dead', 'dead', 'dead', 'live']) {
      lookUp(host, {}, (error, address) => answers.push(`${host} ${error?.message ?? address}`));
    }
    expect(asked.map(({ host }) => host)).to.deep.equal(['dead', 'live']);
    asked[1]!.answer(null, '10.0.0.1', 4);
    asked[0]!.answer(new Error('gone'), '');
    expect(answers).to.deep.equal(['live 10.0.0.1', 'dead gone', 'dead gone', 'dead gone']);
    lookUp('dead', {}, () => {});
    expect(asked.map(({ host }) => host)).to.deep.equal(['dead', 'live', 'dead']);
  });
});
