/** The messages that operators see: log lines, errors, refusals of the configuration. */
import { expect } from 'chai';
import { expectNone } from '../support/expect-none.js';
import { sourceFiles } from '../support/sources.js';
import { bannedWordsIn } from './banned-words.js';
import { messagesOf } from './messages.js';

/** One of each way in which a message reaches an operator. */
const KNOWN = [
  'configuration reloaded',
  'received signal; shutting down',
  'shutdown failed; killing the process',
  'must have at most … clusters, got …',
  '…: cannot be read: …',
  'unexpected text after the end of the document',
  'must be set, because … is set',
];

describe('the messages that operators see', () => {
  const messages = sourceFiles('src', 'workers').flatMap(messagesOf);

  it('include log lines, errors with a code and refusals of the configuration', () => {
    expect(messages.length).to.be.greaterThan(150);
    const found = new Set(messages.map(({ text }) => text));
    expectNone(KNOWN.filter((text) => !found.has(text)));
  });

  it('are written in the words of the field', () => {
    const found = messages.flatMap(({ file, line, text }) =>
      bannedWordsIn(text).map((advice) => `${file}:${line}: ${advice}`),
    );
    expectNone(found);
  });
});
