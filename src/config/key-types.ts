/** The types of values that keys of the configuration have, and the metadata of a key. */
import { createRequire } from 'node:module';
import { z } from 'zod';
import { isHttpAddress, parseAddress } from '../base/address.js';
import { hasSeveralStatements, metricQueryKind } from './metric-query.js';
import { splitList } from './split-list.js';

declare module 'zod' {
  interface GlobalMeta {
    /** The value is never shown. */
    secret?: boolean;
    /** Addresses that may carry user and password, which are never shown. */
    credentials?: boolean;
    /** Top-level keys: a reload applies the value, without a restart. */
    live?: boolean;
    /** A number that may also be written as a string of digits. */
    digits?: boolean;
  }
}

const require = createRequire(import.meta.url);

const PORT_MAX = 65535;
const LIST_LENGTH_MAX = 1_000;

/** Milliseconds of a day: the longest time that a key accepts. */
export const DAY_MS = 86_400_000;

export const text = () => z.string();

export const port = () => z.int().min(1).max(PORT_MAX);

/** A port where 0 means "not given". */
export const optionalPort = () => z.int().min(0).max(PORT_MAX);

/** Port of an HTTP check: 0 means "not given", -1 "none". */
export const checkPort = () => z.int().min(-1).max(PORT_MAX);

export const count = (max: number) => z.int().min(0).max(max);

/** Seconds that a connection may be open. */
export const connectionAge = () =>
  z
    .int()
    .min(1)
    .max(DAY_MS / 1_000);

/** A threshold: any number from 0 on. */
export const threshold = () => z.number().min(0);

const METRIC_NAME_LENGTH_MAX = 64;

/** Name of a metric, or empty: a segment of keys and labels, and one of several in a query. */
export const optionalMetricName = () =>
  text()
    .max(
      METRIC_NAME_LENGTH_MAX,
      `the name of a metric must have at most ${METRIC_NAME_LENGTH_MAX} characters`,
    )
    .regex(
      /^[a-z0-9_.-]*$/,
      'the name of a metric must have only lower-case letters, digits, "_", "." and "-"',
    );

export const metricName = () =>
  optionalMetricName().min(1, 'the name of a metric must not be empty');

export const list = <Item extends z.ZodType>(item: Item, max = LIST_LENGTH_MAX) =>
  z.array(item).max(max);

/** `host` or `host:port`. */
export const address = () =>
  text().refine(
    (value) => parseAddress(value, 0) !== null,
    'must be HOST, HOST:PORT or [IPV6]:PORT',
  );

/** As `address`, or empty. */
export const optionalAddress = () =>
  text().refine(
    (value) => value === '' || parseAddress(value, 0) !== null,
    'must be HOST, HOST:PORT or [IPV6]:PORT',
  );

/** A host name or IP address without port, or empty. */
export const optionalHost = () =>
  text().refine(
    (value) => value === '' || parseAddress(value, 0)?.port === 0,
    'must be a host name or IP address, without port',
  );

export const metricQuery = () =>
  text()
    .refine(
      (value) => metricQueryKind(value) !== null,
      'must begin with "select", "with" or "show global"; empty measures replication lag',
    )
    .refine(
      (value) => !hasSeveralStatements(value),
      'must be one statement; remove what follows the semicolon',
    );

/** A collation that the client library knows, or empty. */
export const collation = () =>
  text().refine(
    (value) => value === '' || isCollation(value),
    'must be a collation that the client library knows, such as utf8mb4_general_ci',
  );

/**
 * The library is slow to load, and few configurations name a collation; it exports them by a
 * getter, which an import does not see.
 */
function isCollation(name: string): boolean {
  const { Charsets } = require('mysql2') as typeof import('mysql2');
  return Object.hasOwn(Charsets, name.toUpperCase());
}

/** Addresses of web pages, comma-separated in one string. */
export const httpAddresses = () =>
  text().refine(
    (value) => splitList(value).every(isHttpAddress),
    'must be a comma-separated list of HOST, HOST:PORT or http(s) URLs',
  );

export const httpUrl = () =>
  text().refine(
    (value) => value === '' || (/^https?:\/\//i.test(value) && URL.canParse(value)),
    'must be a URL that begins with http:// or https://',
  );
