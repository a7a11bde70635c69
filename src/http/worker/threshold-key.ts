/** Which threshold the path of a control request names. */
import { nearest } from '../../config/nearest.js';
import type { StoreLocation } from '../../contracts/http.js';
import type { ThresholdKey } from '../../throttle/commands.js';
import { type ControlParameters, shortened } from './control-parameters.js';
import { generalResponse, type HandlerResponse } from './response.js';

export interface ThresholdRequest extends ControlParameters {
  /** The configured stores. */
  readonly stores: readonly StoreLocation[];
}

/** Only a metric that is configured can be given another threshold. */
export function setThresholdKey(request: ThresholdRequest): ThresholdKey | HandlerResponse {
  const { type, name, metric } = named(request);
  const store = type === 'mysql' ? storeOf(request) : undefined;
  if (store === undefined) return unknown(`store: ${type}/${name}`, name, request.stores);
  return metric === '' ? `mysql/${name}` : unknown(`metric: mysql/${name}/${metric}`, metric, []);
}

/** What is set may be of a store or a metric that was taken out of the configuration since. */
export function resetThresholdKey(request: ThresholdRequest): ThresholdKey | HandlerResponse {
  const { type, name, metric } = named(request);
  return metric === '' ? `${type}/${name}` : `${type}/${name}/${metric}`;
}

function named({ parameters }: ControlParameters) {
  return {
    type: parameters.get('storeType') ?? '',
    name: parameters.get('storeName') ?? '',
    metric: parameters.get('metric') ?? '',
  };
}

function storeOf({ parameters, stores }: ThresholdRequest): StoreLocation | undefined {
  return stores.find(({ name }) => name === parameters.get('storeName'));
}

function unknown(
  what: string,
  name: string,
  known: ReadonlyArray<{ readonly name: string }>,
): HandlerResponse {
  const near = nearest(
    name,
    known.map((one) => one.name),
  );
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return generalResponse(404, `no such ${shortened(what)}${hint}`);
}
