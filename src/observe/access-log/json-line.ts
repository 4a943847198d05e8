// Prints one exchange as one JSON object on one line. Keys and their order are stable and always all there; times are in seconds,
// texts that do not exist are empty.
import type { RouteLabels } from '../../model/route.ts';
import type { ExchangeRecord, UpstreamAttempt } from '../exchange-record.ts';
import { cutValue, printBounded } from './bounded-line.ts';
import { ClockText, formatSeconds } from './clock-text.ts';
import { escapeJson } from './escape.ts';

/** Attempts beyond this many are not printed one by one. */
const MAX_ATTEMPTS = 10;

/** Makes a function that prints one line without its end. */
export function createJsonFormat(): (record: ExchangeRecord) => string {
  const clock = new ClockText();
  // Labels are the same object for all exchanges of a route.
  const labelTexts = new WeakMap<RouteLabels, string>();
  const labelText = (labels: RouteLabels): string => {
    let text = labelTexts.get(labels);
    if (text === undefined) {
      text = printLabels(labels);
      labelTexts.set(labels, text);
    }
    return text;
  };
  const print = (record: ExchangeRecord, maxValueLength: number): string => {
    const value = (text: string): string => escapeJson(cutValue(text, maxValueLength));
    return (
      `{"time":"${clock.isoUtc(record.startedAtMs)}","request_id":"${value(record.requestId)}"` +
      `,"client_address":"${value(record.clientAddress)}","client_port":${record.clientPort},"remote_user":"${value(record.remoteUser)}"` +
      `,"scheme":"${record.scheme}","host":"${value(record.host)}","method":"${value(record.method)}"` +
      `,"target":"${value(record.target)}","protocol":"${record.protocol}"` +
      `,"referer":"${value(record.requestHeader('referer'))}","user_agent":"${value(record.requestHeader('user-agent'))}"` +
      `,"status":${record.status},"error_code":"${record.errorCode ?? ''}"` +
      `,"request_bytes":${record.requestBytes},"sent_bytes":${record.sentBytes},"sent_body_bytes":${record.sentBodyBytes}` +
      `,"duration":${formatSeconds(record.durationSeconds)}${labelText(record.labels)}` +
      `,"upstream":"${record.upstreamName}","alternative_upstream":"${record.alternativeUpstreamName}"` +
      `,"attempts":[${printAttempts(record.attempts)}]}`
    );
  };
  return (record) => printBounded(print, record);
}

function printLabels(labels: RouteLabels): string {
  const path = escapeJson(cutValue(labels.path, 1024));
  return (
    `,"namespace":"${escapeJson(labels.namespace)}","ingress":"${escapeJson(labels.ingress)}"` +
    `,"service":"${escapeJson(labels.service)}","service_port":"${escapeJson(labels.servicePort)}","rule_path":"${path}"`
  );
}

function printAttempts(attempts: readonly UpstreamAttempt[]): string {
  let text = '';
  for (let i = 0; i < attempts.length && i < MAX_ATTEMPTS; i++) {
    const attempt = attempts[i];
    if (attempt === undefined) continue;
    text +=
      `${i === 0 ? '' : ','}{"address":"${attempt.address}","status":${attempt.status},"response_bytes":${attempt.responseBytes}` +
      `,"connect":${seconds(attempt.connectSeconds)},"header":${seconds(attempt.headerSeconds)},"response":${seconds(attempt.responseSeconds)}}`;
  }
  return text;
}

/** Null where the phase was not reached. */
function seconds(value: number): string {
  return value < 0 ? 'null' : formatSeconds(value);
}
