/** Clients that wait for a check to become 200, and how their places are bounded. */
import { expect } from 'chai';
import { type HandlerResponse, jsonResponse } from '../../src/http/worker/response.js';
import {
  type AwaitedQuestion,
  WAITERS_PER_CLIENT_MAX,
  Waiters,
} from '../../src/http/worker/waiters.js';
import { until } from '../support/until.js';

/** Ready when the test says so. */
class ManualQuestion implements AwaitedQuestion {
  looks = 0;
  answers = 0;
  ready = false;
  heldBack = false;
  metricsLooks = 0;
  recompiled = 0;

  constructor(readonly metricsKey = 'own') {}

  isHeldBack(): boolean {
    this.metricsLooks++;
    return this.heldBack;
  }

  recompile(): void {
    this.recompiled++;
  }

  isReady(): boolean {
    this.looks++;
    return this.ready;
  }

  answer(): HandlerResponse {
    this.answers++;
    return jsonResponse(this.ready ? 200 : 429, `${this.answers}`);
  }
}

describe('the waiters of a thread', () => {
  let waiters: Waiters;
  let question: ManualQuestion;
  const goneListeners: Array<() => void> = [];

  beforeEach(() => {
    waiters = new Waiters(1_000);
    question = new ManualQuestion();
    goneListeners.length = 0;
  });

  afterEach(() => waiters.stop());

  function wait(client: string, waitMs = 60_000): Promise<HandlerResponse> | null {
    const onAbort = (listener: () => void): void => {
      goneListeners.push(listener);
    };
    return waiters.wait('q', question, { client, waitMs, onAbort });
  }

  it('answers all who wait for one question as soon as it is ready', async () => {
    const answers = Array.from({ length: 250 }, (_, n) => wait(`client ${n}`)!);
    expect(waiters.waiting).to.equal(250);
    question.ready = true;
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(new Set(statuses)).to.deep.equal(new Set([200]));
    expect(question.answers).to.equal(250);
    expect(waiters.waiting).to.equal(0);
  });

  it('looks at a question once for all who ask it', async () => {
    for (let n = 0; n < 50; n++) void wait(`client ${n}`);
    await until(() => question.looks >= 2);
    expect(question.looks).to.be.below(50);
  });

  /** Fifty questions of one store, each with a client that waits. */
  function waitHeldBack(): { questions: ManualQuestion[]; answers: Promise<HandlerResponse>[] } {
    const questions = Array.from({ length: 50 }, () => new ManualQuestion('shared'));
    const answers = questions.map((each, n) => {
      each.heldBack = true;
      const waiting = { client: `client ${n}`, waitMs: 60_000, onAbort: () => {} };
      return waiters.wait(`q${n}`, each, waiting)!;
    });
    return { questions, answers };
  }

  it('looks once at metrics that hold back many questions', async () => {
    const { questions } = waitHeldBack();
    const sum = (of: (each: ManualQuestion) => number) =>
      questions.reduce((all, each) => all + of(each), 0);
    await until(() => sum(({ metricsLooks }) => metricsLooks) >= 4);
    expect(sum(({ metricsLooks }) => metricsLooks)).to.be.below(10);
    expect(sum(({ looks }) => looks)).to.be.below(50);
  });

  it('judges each question whole in its turn, whatever holds back its metrics', async () => {
    const { questions, answers } = waitHeldBack();
    for (const each of questions) each.ready = true;
    await Promise.all(answers);
    expect(waiters.waiting).to.equal(0);
  });

  it('judges each question whole soon after the entries have changed', async () => {
    const { questions } = waitHeldBack();
    waiters.entriesChanged();
    await until(() => questions.every(({ looks }) => looks > 0));
    const metricsLooks = questions.reduce((all, each) => all + each.metricsLooks, 0);
    expect(metricsLooks).to.be.below(8);
  });

  it('recompiles each question when the configuration has changed', async () => {
    const { questions, answers } = waitHeldBack();
    waiters.configurationChanged();
    expect(questions.every(({ recompiled }) => recompiled === 1)).to.equal(true);
    for (const each of questions) Object.assign(each, { heldBack: false, ready: true });
    expect((await Promise.all(answers)).every(({ status }) => status === 200)).to.equal(true);
  });

  it('answers with the result of then when the time is over', async () => {
    const patient = wait('patient')!;
    expect((await wait('hasty', 1)!).status).to.equal(429);
    expect(waiters.waiting).to.equal(1);
    question.ready = true;
    expect((await patient).status).to.equal(200);
  });

  it('gives each answer a body of its own', async () => {
    const answers = [wait('a')!, wait('b')!];
    question.ready = true;
    const bodies = (await Promise.all(answers)).map(({ body }) => body);
    expect(bodies).to.deep.equal(['1\n', '2\n']);
  });

  it('drops a client that has gone', async () => {
    void wait('a');
    const stays = wait('b')!;
    goneListeners[0]!();
    goneListeners[0]!();
    expect(waiters.waiting).to.equal(1);
    question.ready = true;
    await stays;
    expect(question.answers).to.equal(1);
  });

  it('refuses a client that waits too often, and lets it wait again when it has gone', () => {
    for (let n = 0; n < WAITERS_PER_CLIENT_MAX; n++) expect(wait('a')).not.to.equal(null);
    expect(wait('a')).to.equal(null);
    expect(wait('b')).not.to.equal(null);
    expect(waiters.refused).to.equal(1);
    goneListeners[0]!();
    expect(wait('a')).not.to.equal(null);
  });

  it('refuses everybody beyond its bound', () => {
    for (let n = 0; n < 1_000; n++) expect(wait(`client ${n}`)).not.to.equal(null);
    expect(wait('another')).to.equal(null);
    expect(waiters.refused).to.equal(1);
  });

  it('answers at once when it stops, and refuses from then on', async () => {
    const answers = Array.from({ length: 250 }, (_, n) => wait(`client ${n}`)!);
    waiters.stop();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(new Set(statuses)).to.deep.equal(new Set([429]));
    expect(wait('late')).to.equal(null);
    expect(waiters.waiting).to.equal(0);
  });
});
