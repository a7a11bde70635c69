/** `freno top`: the stores and apps of a cluster, live. */
import { setTimeout as delay } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { monotonicMs } from '../../base/clock.js';
import type { CommandContext } from '../context.js';
import type { Output } from '../output/output.js';
import { printable } from '../output/printable.js';
import { localTime, shortNumber } from '../output/quantities.js';
import { sparkline } from '../output/sparkline.js';
import { tableLines, widthOf } from '../output/table.js';
import { type JsonObject, okObject, optionalObject } from '../servers/reply-body.js';
import { ServerGroup } from '../servers/server-group.js';
import { runLive } from '../terminal/live-command.js';
import { type ScreenSize, spread } from '../terminal/live-screen.js';
import { type AppRate, AppRates } from '../views/app-rates.js';
import { SeriesSet } from '../views/series.js';
import { isWaitedFor, readStores, type StoreView, storeJson, storeLines } from '../views/stores.js';

interface TopReading {
  readonly stores: readonly StoreView[];
  readonly apps: readonly AppRate[];
  /** Null: the server is too old to know. */
  readonly cluster: JsonObject | null;
}

/** Lines that are no rows of a table: the head, the titles, and what is between. */
const FIXED_LINES = 8;

const SPARKLINE_COLUMNS_MIN = 10;

/** From the first count of checks to the second. */
const RATE_MS = 1_000;

export async function top({ servers, output }: CommandContext): Promise<number> {
  const view = new TopView(new ServerGroup(servers), output);
  // Rates come from two counts: without the first one no frame could show an app.
  await view.look();
  await delay(RATE_MS);
  return runLive(view, output);
}

class TopView {
  readonly #series = new SeriesSet();
  readonly #rates = new AppRates();
  #latest: TopReading = { stores: [], apps: [], cluster: null };

  constructor(
    private readonly group: ServerGroup,
    private readonly output: Output,
  ) {}

  readonly look = async (): Promise<TopReading> => {
    const { group } = this;
    try {
      await group.findLeader();
      const [stores, vars, cluster] = await Promise.all([
        readStores(group),
        group.ask('/debug/vars').then((reply) => okObject(group, reply, { name: '/debug/vars' })),
        optionalObject(group, '/cluster'),
      ]);
      this.#series.push(new Map(stores.map(({ name, value }) => [name, value])));
      return { stores, apps: this.#rates.look(vars, monotonicMs()), cluster };
    } catch (error) {
      this.#series.push(new Map());
      throw error;
    }
  };

  frame(reading: TopReading | null, failure: string, size: ScreenSize): string[] {
    if (reading !== null) this.#latest = reading;
    const { stores, apps } = this.#latest;
    const free = Math.max(2, size.rows - FIXED_LINES);
    const appRows = Math.min(apps.length, Math.max(1, Math.floor(free / 2)));
    const storeRows = Math.max(1, free - appRows);
    const tables = [
      ...this.#storeLines(stores.slice(0, storeRows), size.columns),
      ...more(stores.length - storeRows, 'metric'),
      '',
      ...this.#appLines(apps.slice(0, appRows)),
      ...more(apps.length - appRows, 'app'),
    ];
    // What is older than a look must not pass for what is now.
    const isOld = failure !== '';
    const shown = isOld ? tables.map((line) => this.#faint(line)) : tables;
    return [...this.#head(failure, size.columns), '', ...shown];
  }

  #faint(line: string): string {
    return this.output.paint('faint', stripVTControlCharacters(line));
  }

  close(): void {
    this.group.close();
  }

  readonly json = ({ stores, apps, cluster }: TopReading): object => ({
    Cluster: cluster,
    Stores: stores.map(storeJson),
    Apps: apps.map(({ app, checksPerSecond, waitingShare }) => ({
      App: app,
      PerSecond: checksPerSecond,
      WaitShare: waitingShare,
    })),
  });

  #head(failure: string, columns: number): string[] {
    const { paint } = this.output;
    const { stores, apps, cluster } = this.#latest;
    const leader = cluster === null ? '' : String(cluster.Leader || 'no leader');
    const waiting = stores.filter(isWaitedFor).length;
    const rate = apps.reduce((sum, { checksPerSecond }) => sum + checksPerSecond, 0);
    const title = `${paint('strong', 'freno top')}  ${printable(leader)}`;
    const counts = [
      `metrics ${stores.length}, to wait for ${waiting}`,
      `apps ${apps.length}, checks ${shortNumber(rate)}/s`,
    ].join('; ');
    return [
      spread(title, localTime(Date.now()), columns),
      failure === '' ? counts : paint('broken', `no data now: ${printable(failure)}`),
    ];
  }

  #storeLines(stores: readonly StoreView[], columns: number): string[] {
    const { paint } = this.output;
    const all = storeLines(this.output, stores);
    const isWide = widestOf(all) + 2 + SPARKLINE_COLUMNS_MIN > columns;
    const lines = isWide ? storeLines(this.output, stores, { withHost: false }) : all;
    const width = widestOf(lines);
    const room = Math.max(SPARKLINE_COLUMNS_MIN, columns - width - 2);
    return lines.map((line, at) => {
      const store = stores[at - 1];
      if (store === undefined) return line;
      const bars = sparkline(this.#series.of(store.name), room, { threshold: null }, paint);
      return spread(line, bars, columns);
    });
  }

  #appLines(apps: readonly AppRate[]): string[] {
    const { paint } = this.output;
    const columns = [
      { title: 'APP' },
      { title: 'CHECKS/S', right: true },
      { title: 'TO WAIT', right: true },
    ];
    const rows = apps.map(({ app, checksPerSecond, waitingShare }) => {
      const share = `${Math.round(waitingShare * 100)} %`;
      return [
        printable(app),
        shortNumber(checksPerSecond),
        waitingShare > 0 ? paint('bad', share) : share,
      ];
    });
    return tableLines(columns, rows);
  }
}

function widestOf(lines: readonly string[]): number {
  return Math.max(0, ...lines.map(widthOf));
}

function more(count: number, what: string): string[] {
  return count > 0 ? [`and ${count} more ${what}${count === 1 ? '' : 's'}`] : [];
}
