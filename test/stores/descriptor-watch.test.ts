/** The warning about more hosts than descriptors. */
import { expect } from 'chai';
import { pino } from 'pino';
import { LOG_LEVELS } from '../../src/base/log.js';
import { DescriptorWatch } from '../../src/stores/main/descriptor-watch.js';
import { clusterAssignment } from '../support/cluster-settings.js';

describe('more hosts than file descriptors', () => {
  it('are reported with both numbers, once until there are more', () => {
    const lines: Array<{ hosts: number; descriptors: number }> = [];
    const write = (line: string): void => void lines.push(JSON.parse(line));
    const logger = pino({ level: 'warn', customLevels: LOG_LEVELS }, { write });
    const counted: number[] = [];
    const watch = new DescriptorWatch(
      logger,
      (hosts) => counted.push(hosts),
      () => 1_024,
    );
    const compare = (hosts: number): void => {
      const targets = Array.from({ length: hosts }, (_, n) => ({ host: `db${n}`, port: 3306 }));
      watch.compare([clusterAssignment(1, targets, 1)]);
    };
    const all = [900, 1_000, 1_000, 2_000, 10, 1_000];
    for (const hosts of all) compare(hosts);
    expect(counted).to.deep.equal(all);
    expect(lines.map(({ hosts }) => hosts)).to.deep.equal([1_000, 2_000, 1_000]);
    expect(lines[0]).to.include({ hosts: 1_000, descriptors: 1_024 });
  });
});
