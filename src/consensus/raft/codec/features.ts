/**
 * What this release understands beyond the first one. Each node lists it in its greeting, so that
 * nothing is sent to a peer, and nothing is written to the log, that a node of the cluster cannot
 * read: an entry that cannot be read would stop its reader for good.
 */
import type { Command } from '../../../throttle/commands.js';

/** Frames after the greeting end in a checksum. */
export const FEATURE_CRC32C = 'crc32c';

/** True: already in the first release, whose greeting lists nothing. */
const commandKinds: Record<Command['kind'], boolean> = {
  throttleApp: true,
  unthrottleApp: true,
  skipHost: true,
  recoverHost: true,
  identifyCluster: false,
  exemptApp: false,
  unexemptApp: false,
  setThreshold: false,
  resetThreshold: false,
};

/** The kinds of commands that this release decodes. */
export const knownCommandKinds = Object.keys(commandKinds) as ReadonlyArray<Command['kind']>;

/** The feature of a node that decodes commands of this kind. */
function commandFeature(kind: Command['kind']): string {
  return `command:${kind}`;
}

/** What this release lists in its greeting. */
export const ownFeatures: readonly string[] = [
  FEATURE_CRC32C,
  ...knownCommandKinds.map(commandFeature),
];

/** Whether a node that lists `features` decodes commands of this kind. */
export function knowsCommandKind(features: readonly string[], kind: Command['kind']): boolean {
  return commandKinds[kind] || features.includes(commandFeature(kind));
}
