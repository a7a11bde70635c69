/** Who asks for what, as the path of a request. */
import type { CheckSubject } from './options.js';

/** One question to freno. */
export interface CheckQuestion {
  readonly app: string;
  /** As `mysql/main`. */
  readonly store: string;
  /** Path and query of the check. */
  readonly path: string;
  /** Path and query of its explanation. */
  readonly whyPath: string;
}

/** freno refuses longer ones. */
const NAME_LENGTH_MAX = 1_024;

/** `threshold`: of a `check-read`. Throws a TypeError that names what is missing or malformed. */
export function questionOf(subject: CheckSubject, threshold?: number): CheckQuestion {
  const app = nameOf('app', subject.app);
  const [storeType, storeName] = storeParts(subject.store);
  const target = [app, storeType, storeName].map(encodeURIComponent).join('/');
  const query = queryOf(subject);
  const check =
    threshold === undefined ? `/check/${target}` : `/check-read/${target}/${decimal(threshold)}`;
  return {
    app,
    store: `${storeType}/${storeName}`,
    path: check + query,
    whyPath: `/why/${target}${query}`,
  };
}

function storeParts(store: string | undefined): readonly [type: string, name: string] {
  const slash = store?.indexOf('/') ?? -1;
  if (store === undefined || slash === -1) return ['mysql', nameOf('store', store)];
  return [nameOf('store', store.slice(0, slash)), nameOf('store', store.slice(slash + 1))];
}

function nameOf(option: string, name: string | undefined): string {
  if (name === undefined || name === '') throw new TypeError(`${option}: must be given`);
  // Dot segments would change the path, however they are encoded.
  if (name.includes('/') || name === '.' || name === '..' || name.length > NAME_LENGTH_MAX) {
    throw new TypeError(`${option}: ${JSON.stringify(name.slice(0, 100))} is not a valid name`);
  }
  return name;
}

function queryOf({ priority, metrics = [] }: CheckSubject): string {
  if (priority !== undefined && priority !== 'normal' && priority !== 'low') {
    throw new TypeError(`priority: must be normal or low, got ${String(priority)}`);
  }
  const parts = [
    ...(priority !== undefined ? [`p=${priority}`] : []),
    ...(metrics.length > 0 ? [`metric=${metrics.map(encodeURIComponent).join(',')}`] : []),
  ];
  return parts.length > 0 ? `?${parts.join('&')}` : '';
}

/** Without an exponent, which freno does not read. */
function decimal(threshold: number): string {
  if (Math.abs(threshold) <= 1e15) return threshold.toFixed(6);
  throw new RangeError(`threshold: must be a number up to 1e15, got ${threshold}`);
}
