/** The parameters of `/events`. */
import { expect } from 'chai';
import { eventSelection } from '../../src/http/worker/event-request.js';

const NOW_UNIX_MS = Date.UTC(2026, 0, 1);

describe('the parameters of /events', () => {
  const valid: ReadonlyArray<readonly [query: string, sinceUnixMs: number | null, limit: number]> =
    [
      ['', null, 1_000],
      ['limit=7', null, 7],
      ['since=10m', NOW_UNIX_MS - 600_000, 1_000],
      ['since=2h&limit=1', NOW_UNIX_MS - 7_200_000, 1],
      ['since=1767225600.5', 1_767_225_600_500, 1_000],
      ['since=2026-01-01T00:00:00Z', NOW_UNIX_MS, 1_000],
      ['since=2026-01-01T01:00:00%2B01:00', NOW_UNIX_MS, 1_000],
    ];
  for (const [query, sinceUnixMs, limit] of valid) {
    it(`takes "${query}"`, () => {
      expect(eventSelection(query, NOW_UNIX_MS)).to.deep.equal({ sinceUnixMs, limit });
    });
  }

  for (const query of [
    'limit=0',
    'limit=1001',
    'limit=x',
    'since=yesterday',
    'since=-5m',
    'since=2026-01-01T00:00:00',
  ]) {
    it(`refuses "${query}" by name`, () => {
      const [name] = query.split('=');
      const response = eventSelection(query, NOW_UNIX_MS) as { status: number; body: string };
      expect(response.status).to.equal(400);
      expect(response.body).to.include(`${name}: `);
    });
  }
});
