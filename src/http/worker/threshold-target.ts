/** Which threshold the path of a control request names. */
import { nearest } from '../../config/nearest.js';
import type { StoreLocation } from '../../contracts/http.js';
import { type ThresholdKey, thresholdKey } from '../../throttle/commands.js';
import { boundedName, type ControlParameters, shortened } from './control-parameters.js';
import { generalResponse, type HandlerResponse } from './response.js';

export interface ThresholdRequest extends ControlParameters {
  /** The configured stores. */
  readonly stores: readonly StoreLocation[];
}

/** Only a metric that is configured can be given another threshold. */
export function setThresholdKey(request: ThresholdRequest): ThresholdKey | HandlerResponse {
  const { type, name, metric } = targetOf(request);
  const store = findStore(request);
  if (store === undefined) return unknownStore(type, name, request.stores);
  const isKnown = metric === '' || store.metrics.some((one) => one.name === metric);
  return isKnown
    ? keyOf(request, store)
    : unknownMetric(`${type}/${name}/${metric}`, metric, store);
}

/** What is set may be of a store or a metric that was taken out of the configuration since. */
export function resetThresholdKey(request: ThresholdRequest): ThresholdKey | HandlerResponse {
  return boundedName('store and metric', keyOf(request, findStore(request)));
}

/** The own metric has the key of its store, whether it is named or not. */
function keyOf(request: ThresholdRequest, store: StoreLocation | undefined): ThresholdKey {
  const { type, name, metric } = targetOf(request);
  return thresholdKey(type, name, metric === store?.metrics[0].name ? '' : metric);
}

function targetOf({ parameters }: ControlParameters) {
  return {
    type: parameters.get('storeType') ?? '',
    name: parameters.get('storeName') ?? '',
    metric: parameters.get('metric') ?? '',
  };
}

function findStore(request: ThresholdRequest): StoreLocation | undefined {
  const { type, name } = targetOf(request);
  return type === 'mysql' ? request.stores.find((store) => store.name === name) : undefined;
}

function unknownStore(
  type: string,
  name: string,
  stores: readonly StoreLocation[],
): HandlerResponse {
  const known = nearest(
    name,
    stores.map((store) => store.name),
  );
  const hint = known === undefined ? '' : `; did you mean mysql/${known}?`;
  return generalResponse(404, `no such store: ${shortened(`${type}/${name}`)}${hint}`);
}

function unknownMetric(path: string, name: string, { metrics }: StoreLocation): HandlerResponse {
  const names = metrics.map((metric) => metric.name);
  const known = nearest(name, names);
  const hint = known === undefined ? `it has ${names.join(', ')}` : `did you mean ${known}?`;
  return generalResponse(404, `no such metric: ${shortened(path)}; ${hint}`);
}
