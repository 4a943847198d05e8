// Checks what the client saw of one request against an `expect` object. Everything that is wrong is reported, not only the first.
import type { DatagramExpectation, EchoedExpectation, Expectation } from './case-format.ts';
import { fieldMismatch, mismatch, rangeMismatch, show } from './matcher.ts';
import { describeObservation, echoAnswerOf } from './observation.ts';
import type { Observation, ObservedTls } from './observation.ts';
import { parseSetCookie, setCookieMismatch } from './set-cookie.ts';

type Echo = NonNullable<ReturnType<typeof echoAnswerOf>>;

/** What of the expectation does not hold, aggregates of repeats and `received` apart. `nowMs`: time of the response. */
export function checkObservation(expected: Expectation, observation: Observation, nowMs: number): string[] {
  const problems = checkOne(expected, observation, nowMs);
  if (expected.anyOf === undefined) return problems;
  const alternatives = expected.anyOf.map((one) => checkOne(one, observation, nowMs));
  if (alternatives.some((one) => one.length === 0)) return problems;
  return [...problems, `none of the alternatives holds: ${alternatives.map((one) => one.join('; ')).join(' | ')}`];
}

/** Keys that speak about all answers of a repeated request together. */
export function hasAggregate(expected: Expectation): boolean {
  return (
    expected.distribution !== undefined ||
    expected.statuses !== undefined ||
    expected.sameEndpoint !== undefined ||
    expected.distinctEndpoints !== undefined ||
    expected.perEndpoint !== undefined
  );
}

function checkOne(expected: Expectation, observation: Observation, nowMs: number): string[] {
  const problems = [...checkDuration(expected, observation), ...checkTls(expected, observation)];
  if (expected.connectionError === true || expected.tlsError === true) {
    const wanted = expected.tlsError === true ? 'tls' : 'connection';
    if (observation.kind === 'failure' && observation.failure === wanted) return problems;
    return [...problems, `expected a ${wanted} error, saw ${describeObservation(observation)}`];
  }
  if (observation.kind === 'failure') return [...problems, `no answer: ${observation.failure} failure: ${observation.message}`];
  problems.push(...checkStatus(expected, observation), ...checkFields(expected, observation, nowMs));
  const needsEcho = expected.backend !== undefined || expected.endpoint !== undefined || expected.echoed !== undefined;
  if (needsEcho) problems.push(...checkEcho(expected, observation));
  if (expected.websocket !== undefined) problems.push(...checkWebSocket(expected.websocket, observation));
  if (expected.grpc !== undefined) problems.push(...checkGrpc(expected.grpc, observation));
  if (expected.tcp !== undefined) problems.push(...checkDatagram(expected.tcp, 'tcp', observation));
  if (expected.udp !== undefined) problems.push(...checkDatagram(expected.udp, 'udp', observation));
  return problems;
}

function checkDuration(expected: Expectation, observation: Observation): string[] {
  const wrong = rangeMismatch({ min: expected.minSeconds, max: expected.maxSeconds }, observation.seconds);
  return wrong === undefined ? [] : [`seconds: ${wrong}`];
}

function checkTls(expected: Expectation, observation: Observation): string[] {
  const { certificate, tlsVersion, tlsCipher } = expected;
  if (certificate === undefined && tlsVersion === undefined && tlsCipher === undefined) return [];
  const tls: ObservedTls | undefined = 'tls' in observation ? observation.tls : undefined;
  if (tls === undefined) return ['expected a TLS handshake'];
  const problems: string[] = [];
  const check = (name: string, wrong: string | undefined): void => {
    if (wrong !== undefined) problems.push(`${name}: ${wrong}`);
  };
  if (certificate?.cn !== undefined) check('certificate cn', mismatch(certificate.cn, tls.certificate.cn));
  if (certificate?.issuerCN !== undefined) check('certificate issuer', mismatch(certificate.issuerCN, tls.certificate.issuerCN));
  if (certificate?.san !== undefined) {
    const same = show([...certificate.san].sort()) === show([...tls.certificate.san].sort());
    check('certificate san', same ? undefined : `expected ${show(certificate.san)}, saw ${show(tls.certificate.san)}`);
  }
  if (tlsVersion !== undefined) check('TLS version', mismatch(tlsVersion, tls.version));
  if (tlsCipher !== undefined) check('TLS cipher', mismatch(tlsCipher, tls.cipher));
  return problems;
}

function checkStatus(expected: Expectation, observation: Observation): string[] {
  const namesEcho = expected.backend !== undefined || expected.endpoint !== undefined || expected.echoed !== undefined;
  const status = expected.status ?? (namesEcho && observation.kind === 'response' ? 200 : undefined);
  if (status === undefined) return [];
  const seen = observation.kind === 'response' ? observation.response.status : observation.kind === 'websocket' ? 101 : undefined;
  if (seen !== undefined && statusFits(status, seen)) return [];
  return [`status: expected ${show(status)}, saw ${describeObservation(observation)}`];
}

function statusFits(expected: number | string | readonly number[], seen: number): boolean {
  if (typeof expected === 'number') return expected === seen;
  if (typeof expected === 'string') return Number(expected[0]) === Math.floor(seen / 100);
  return expected.includes(seen);
}

function checkFields(expected: Expectation, observation: Observation, nowMs: number): string[] {
  const problems: string[] = [];
  const fields = observation.kind === 'response' ? observation.response.fields : [];
  const valuesOf = (name: string): string[] =>
    fields.filter(([field]) => field.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  for (const [name, matcher] of Object.entries(expected.headers ?? {})) {
    const wrong = fieldMismatch(matcher, valuesOf(name));
    if (wrong !== undefined) problems.push(`header ${name}: ${wrong}`);
  }
  for (const name of expected.absentHeaders ?? []) {
    const values = valuesOf(name);
    if (values.length > 0) problems.push(`header ${name}: expected none, saw ${show(values)}`);
  }
  if (expected.body !== undefined && observation.kind === 'response') {
    const wrong = mismatch(expected.body, observation.response.body.toString('utf8'));
    if (wrong !== undefined) problems.push(`body: ${wrong}`);
  }
  const cookies = valuesOf('set-cookie');
  for (const one of expected.setCookie ?? []) {
    const wrong = setCookieMismatch(one, cookies, nowMs);
    if (wrong !== undefined) problems.push(wrong);
  }
  for (const name of expected.absentSetCookie ?? []) {
    if (cookies.some((line) => name === '*' || parseSetCookie(line).name === name))
      problems.push(`Set-Cookie ${name}: expected none, saw ${show(cookies)}`);
  }
  return problems;
}

function checkEcho(expected: Expectation, observation: Observation): string[] {
  const echo = echoAnswerOf(observation);
  if (echo === undefined) return [`expected an echo answer, saw ${describeObservation(observation)}`];
  const problems: string[] = [];
  const wrongBackend = expected.backend === undefined ? undefined : mismatch(expected.backend, echo.backend);
  if (wrongBackend !== undefined) problems.push(`backend: ${wrongBackend}`);
  const wrongEndpoint = expected.endpoint === undefined ? undefined : mismatch(expected.endpoint, echo.endpoint);
  if (wrongEndpoint !== undefined) problems.push(`endpoint: ${wrongEndpoint}`);
  if (expected.echoed !== undefined) problems.push(...checkEchoed(expected.echoed, echo));
  return problems;
}

/** What of an `echoed` object (or of one `received`) does not hold for an echo answer. */
export function checkEchoed(expected: EchoedExpectation, echo: Echo): string[] {
  const problems: string[] = [];
  const check = (name: string, wrong: string | undefined): void => {
    if (wrong !== undefined) problems.push(`echoed ${name}: ${wrong}`);
  };
  for (const name of ['method', 'path', 'host', 'proto'] as const) {
    const matcher = expected[name];
    if (matcher !== undefined) check(name, mismatch(matcher, echo[name]));
  }
  if (expected.body !== undefined) check('body', mismatch(expected.body, echo.body.text));
  if (expected.bodyLength !== undefined) check('bodyLength', mismatch(expected.bodyLength, echo.body.length));
  for (const [name, matcher] of Object.entries(expected.headers ?? {})) {
    check(`header ${name}`, fieldMismatch(matcher, echo.headers[name.toLowerCase()] ?? []));
  }
  for (const name of expected.absentHeaders ?? []) {
    const values = echo.headers[name.toLowerCase()];
    check(`header ${name}`, values === undefined ? undefined : `expected none, saw ${show(values)}`);
  }
  for (const [name, matcher] of Object.entries(expected.params ?? {})) check(`param ${name}`, mismatch(matcher, echo.params?.[name]));
  if (expected.tls === null) check('tls', echo.tls === null ? undefined : `expected none, saw ${show(echo.tls)}`);
  for (const name of ['sni', 'version', 'clientCN'] as const) {
    const matcher = expected.tls?.[name];
    if (matcher === undefined) continue;
    check(`tls ${name}`, echo.tls === null ? 'expected TLS' : mismatch(matcher, echo.tls[name]));
  }
  return problems;
}

function checkWebSocket(expected: NonNullable<Expectation['websocket']>, observation: Observation): string[] {
  if (observation.kind !== 'websocket') return [`expected a WebSocket, saw ${describeObservation(observation)}`];
  const problems: string[] = [];
  const messages = expected.messages ?? [];
  if (messages.length > 0 && messages.length !== observation.messages.length) {
    problems.push(`expected ${messages.length} messages, saw ${show(observation.messages)}`);
  }
  for (const [index, matcher] of messages.entries()) {
    const wrong = mismatch(matcher, observation.messages[index]);
    if (wrong !== undefined) problems.push(`message ${index + 1}: ${wrong}`);
  }
  if (expected.echoed === undefined) return problems;
  const echo = echoAnswerOf(observation);
  return echo === undefined
    ? [...problems, `no echo answer, saw ${show(observation.first)}`]
    : [...problems, ...checkEchoed(expected.echoed, echo)];
}

function checkGrpc(expected: NonNullable<Expectation['grpc']>, observation: Observation): string[] {
  if (observation.kind !== 'grpc') return [`expected a gRPC answer, saw ${describeObservation(observation)}`];
  const problems: string[] = [];
  const wrong = expected.status === undefined ? undefined : mismatch(expected.status, observation.status);
  if (wrong !== undefined) problems.push(`grpc status: ${wrong} ${observation.text}`.trimEnd());
  if (expected.echoed === undefined) return problems;
  const echo = echoAnswerOf(observation);
  return echo === undefined ? [...problems, 'no echo answer in the reply'] : [...problems, ...checkEchoed(expected.echoed, echo)];
}

function checkDatagram(expected: DatagramExpectation, protocol: 'tcp' | 'udp', observation: Observation): string[] {
  if (observation.kind !== 'datagram' || observation.protocol !== protocol)
    return [`expected an answer over ${protocol}, saw ${describeObservation(observation)}`];
  const answer: unknown = echoAnswerOf(observation);
  if (answer === undefined) return [`expected a JSON line, saw ${show(observation.text)}`];
  const line = answer as Record<string, unknown>;
  const problems: string[] = [];
  for (const name of ['backend', 'endpoint', 'data'] as const) {
    const matcher = expected[name];
    const wrong = matcher === undefined ? undefined : mismatch(matcher, line[name]);
    if (wrong !== undefined) problems.push(`${name}: ${wrong}`);
  }
  if (expected.proxyProtocol === undefined) return problems;
  const header = line['proxyProtocol'];
  if (expected.proxyProtocol === null)
    return header === null ? problems : [...problems, `proxyProtocol: expected none, saw ${show(header)}`];
  for (const [name, matcher] of Object.entries(expected.proxyProtocol)) {
    if (matcher === undefined) continue;
    const wrong = mismatch(matcher, (header as Record<string, unknown> | null)?.[name]);
    if (wrong !== undefined) problems.push(`proxyProtocol ${name}: ${wrong}`);
  }
  return problems;
}
