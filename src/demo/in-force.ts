/** What operators have entered, by curl or on the page: the demo marks it. */
import type { Balancer } from './balancer.js';

const LOOK_EVERY_MS = 500;
const LISTS = {
  '/throttled-apps': 'throttled',
  '/exempted-apps': 'exempt',
  '/thresholds': 'threshold',
} as const;

export class InForce {
  readonly #balancer: Balancer;
  readonly #timer: NodeJS.Timeout;
  /** By host, without its port: when the skip ends, Unix time in milliseconds. */
  #skipped: ReadonlyMap<string, number> = new Map();
  #entries: readonly string[] = [];

  constructor(balancer: Balancer) {
    this.#balancer = balancer;
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS);
  }

  /** Of the host `address:port`: for how long it is skipped, seconds; undefined: it is not. */
  skippedForS(host: string): number | undefined {
    const untilMs = this.#skipped.get(host) ?? this.#skipped.get(host.replace(/:\d+$/, ''));
    return untilMs === undefined ? undefined : Math.max(0, (untilMs - Date.now()) / 1000);
  }

  /** Such as `demo throttled 80 %`. */
  get entries(): readonly string[] {
    return this.#entries;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Without a leader what was known stays. */
  async #look(): Promise<void> {
    const skipped = await this.#list('/skipped-hosts');
    const lists = Object.keys(LISTS) as Array<keyof typeof LISTS>;
    const found = await Promise.all(lists.map((path) => this.#list(path)));
    if (skipped === undefined || found.includes(undefined)) return;
    this.#skipped = new Map(
      Object.entries(skipped).map(([host, entry]) => [host, Date.parse(endOf(entry))]),
    );
    this.#entries = found.flatMap((entries, index) =>
      Object.entries(entries!).map(
        ([key, entry]) => `${key} ${LISTS[lists[index]!]}${extent(entry)}`,
      ),
    );
  }

  async #list(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    const response = await this.#balancer.request(path);
    if (response?.status !== 200) return undefined;
    return JSON.parse(response.body) as Record<string, unknown>;
  }
}

function endOf(entry: unknown): string {
  return typeof entry === 'string' ? entry : (entry as { ExpireAt: string }).ExpireAt;
}

function extent(entry: unknown): string {
  const { Ratio, Threshold } = entry as { Ratio?: number; Threshold?: number };
  if (Threshold !== undefined) return ` ${Threshold}`;
  return Ratio === undefined ? '' : ` ${Math.round(Ratio * 100)} %`;
}
