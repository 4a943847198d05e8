// Looks for fields that Kubernetes does not have, and for values of the wrong basic type, by the models of the official client.
import * as kubernetes from '@kubernetes/client-node';
import { isList, isMap } from '../support/helm-template/functions.ts';
import type { Value, ValueMap } from '../support/helm-template/functions.ts';

interface Attribute {
  readonly baseName: string;
  readonly type: string;
}

/** Kinds of other projects: their fields are not known here. */
const FOREIGN_GROUPS = ['monitoring.coreos.com', 'cert-manager.io', 'keda.sh'];

/** Complaints with their field paths; empty: none. */
export function checkFields(object: ValueMap): readonly string[] {
  const [group = '', version] = String(object['apiVersion']).split('/');
  if (FOREIGN_GROUPS.includes(group)) return [];
  const kind = String(object['kind']);
  const name = `${(version ?? group).replace(/^v/, 'V')}${kind}`;
  if (attributesOf(name) === undefined) return [`${String(object['apiVersion'])} ${kind} is no kind of Kubernetes`];
  return checkValue(object, name, kind);
}

function checkValue(value: Value, type: string, path: string): readonly string[] {
  if (value === null || value === undefined) return [`${path}: nothing`];
  const list = /^(?:Array|Set)<(.*)>$/.exec(type)?.[1];
  if (list !== undefined) {
    if (!isList(value)) return [`${path}: a list is wanted`];
    return value.flatMap((item, i) => checkValue(item, list, `${path}[${String(i)}]`));
  }
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  if (map !== undefined) {
    if (!isMap(value)) return [`${path}: a map is wanted`];
    return Object.entries(value).flatMap(([key, item]) => checkValue(item, map, `${path}.${key}`));
  }
  if (type === 'IntOrString' || type === 'any') return [];
  if (type === 'string' || type === 'number' || type === 'boolean') {
    return typeof value === type ? [] : [`${path}: a ${type} is wanted, not ${JSON.stringify(value)}`];
  }
  return checkModel(value, type, path);
}

function checkModel(value: Value, type: string, path: string): readonly string[] {
  const attributes = attributesOf(type);
  if (attributes === undefined) throw new Error(`${path}: no model ${type}`);
  if (!isMap(value)) return [`${path}: a map is wanted`];
  return Object.entries(value).flatMap(([key, item]) => {
    const attribute = attributes.find(({ baseName }) => baseName === key);
    return attribute === undefined ? [`${path}.${key}: no such field`] : checkValue(item, attribute.type, `${path}.${key}`);
  });
}

function attributesOf(type: string): readonly Attribute[] | undefined {
  const model: unknown = Object.entries(kubernetes).find(([name]) => name === type)?.[1];
  if (typeof model !== 'function' || !('getAttributeTypeMap' in model)) return undefined;
  return (model.getAttributeTypeMap as () => readonly Attribute[])();
}
