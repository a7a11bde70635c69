/** Loaded before everything else (`--import`): makes the native module fail to load. */
import Module from 'node:module';

interface Loader {
  _load(request: string, ...rest: unknown[]): unknown;
}

const loader = Module as unknown as Loader;
const load = loader._load;

loader._load = function refusing(this: unknown, request: string, ...rest: unknown[]): unknown {
  if (request === 'uWebSockets.js') throw new Error('planted: no binary for this platform');
  return load.call(this, request, ...rest);
};
