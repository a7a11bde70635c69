/**
 * What this release understands beyond the first one. Each node lists it in its greeting, so that
 * nothing is sent to a peer, and nothing is written to the log, that a node of the cluster cannot
 * read: an entry that cannot be read would stop its reader for good.
 */
import type { Command } from '../../../throttle/commands.js';
import {
  FEATURE_LEVEL_MAX,
  type FeatureLevel,
  featureLevelOf,
} from '../../../throttle/feature-level.js';

/** Frames after the greeting end in a checksum. */
export const FEATURE_CRC32C = 'crc32c';

/** Takes TLS on the same port. */
export const FEATURE_TLS = 'tls';

/** Reads the identity of the cluster in the log: listed since before there were levels. */
const FEATURE_IDENTITY = 'command:identifyCluster';

/** Reads reports of other nodes about themselves. */
export const FEATURE_NODE_REPORT = 'nodeReport';

/** Answers which stores it can log in to. */
export const FEATURE_LOGIN_QUESTION = 'loginQuestion';

/** Understands that a forwarded command was refused because its table is full. */
export const FEATURE_FULL_REFUSAL = 'refusal:full';

/** The feature of a node that reads all commands of this level. */
function levelFeature(level: number): string {
  return `level:${level}`;
}

/** What this release lists in its greeting. */
export const ownFeatures: readonly string[] = [
  FEATURE_CRC32C,
  FEATURE_IDENTITY,
  FEATURE_NODE_REPORT,
  FEATURE_LOGIN_QUESTION,
  FEATURE_FULL_REFUSAL,
  ...Array.from({ length: FEATURE_LEVEL_MAX }, (_, below) => levelFeature(below + 1)),
];

/** Whether a node that lists `features` reads all commands of this level. */
export function knowsLevel(features: readonly string[], level: FeatureLevel): boolean {
  return level === 0 || features.includes(levelFeature(level));
}

/** Whether a node that lists `features` reads the command as it is meant. */
export function canRead(features: readonly string[], command: Command): boolean {
  return command.kind === 'identifyCluster'
    ? features.includes(FEATURE_IDENTITY)
    : knowsLevel(features, featureLevelOf(command));
}
