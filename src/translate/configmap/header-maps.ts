// The ConfigMaps that keys `add-headers` and `proxy-set-headers` of the controller's ConfigMap name.
import type { HeaderField } from '../../model/policies/header-fields.ts';
import type { ConfigMap } from '../../resources/objects.ts';
import type { Snapshot } from '../../resources/snapshot.ts';
import { keyPath } from '../../resources/field-path.ts';
import { finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { readHeaderMap } from '../header-map.ts';
import type { ObjectName } from '../options.ts';
import type { ConfigReading } from './read-configmap.ts';

/** The reading with the headers of the ConfigMaps that it names; one that is missing is reported and counts as empty. */
export function withHeaderMaps(reading: ConfigReading, configMap: ConfigMap | undefined, snapshot: Snapshot): ConfigReading {
  const { addHeaders, proxySetHeaders } = reading.config.routing.headerMaps;
  if (configMap === undefined || (addHeaders === undefined && proxySetHeaders === undefined)) return reading;
  const findings: Finding[] = [...reading.findings];
  const read = (key: string, name: ObjectName | undefined): readonly HeaderField[] => {
    if (name === undefined) return [];
    const object = snapshot.get('ConfigMap', name.namespace, name.name);
    if (object === undefined) {
      const message = `ConfigMap ${name.namespace}/${name.name} does not exist; no header is set`;
      findings.push(finding('PRT-CONF-4', message, configMap, keyPath('data', key)));
      return [];
    }
    const map = readHeaderMap(object);
    findings.push(...map.findings);
    return map.fields;
  };
  const settings = {
    ...reading.config.settings,
    addHeaders: read('add-headers', addHeaders),
    proxySetHeaders: read('proxy-set-headers', proxySetHeaders),
  };
  return { config: { ...reading.config, settings }, findings };
}
