/**
 * What a node must know to read a command: a log entry that a member of the cluster cannot read
 * would stop that member, or be misread by it.
 */
import { type Command, EVERY_APP, hasNote } from './commands.js';

/**
 * 0: throttles of an app by its name, skips, and the identity of the cluster. 1: exemptions, set
 * thresholds, throttles of every app, and reasons and owners.
 */
export type FeatureLevel = 0 | 1;

/** The latest level that this release knows. */
export const FEATURE_LEVEL_MAX = 1;

/** The level of the nodes that read the command as it is meant. */
export function featureLevelOf(command: Command): FeatureLevel {
  switch (command.kind) {
    case 'identifyCluster':
      return 0;
    case 'throttleApp':
      return isOfEveryApp(command.key) || hasNote(command) ? 1 : 0;
    case 'unthrottleApp':
    case 'skipHost':
    case 'recoverHost':
      return hasNote(command) ? 1 : 0;
    case 'exemptApp':
    case 'unexemptApp':
    case 'setThreshold':
    case 'resetThreshold':
      return 1;
  }
}

/** Whether the entry stands for every app, everywhere or on one store. */
export function isOfEveryApp(key: string): boolean {
  return key === EVERY_APP || key.startsWith(`${EVERY_APP}/`);
}
